using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fulfillment.Autoscaling.Decisions;

/// <summary>The last decisions, oldest first; when it is full the oldest goes.</summary>
public sealed class DecisionLog(int capacity = DecisionLog.DefaultCapacity)
{
    /// <summary>A day of both loops.</summary>
    public const int DefaultCapacity = 10_000;

    private readonly Queue<ScaleDecision> decisions = new();
    private readonly Lock gate = new();

    public void Add(ScaleDecision decision)
    {
        lock (gate)
        {
            if (decisions.Count >= capacity) decisions.Dequeue();
            decisions.Enqueue(decision);
        }
    }

    public IReadOnlyList<ScaleDecision> Snapshot()
    {
        lock (gate) return [.. decisions];
    }

    /// <summary>One JSON object a line.</summary>
    public async Task WriteJsonLinesAsync(TextWriter writer, CancellationToken cancellation)
    {
        foreach (var decision in Snapshot())
        {
            var line = JsonSerializer.Serialize(decision, DecisionJson.Default.ScaleDecision);
            await writer.WriteLineAsync(line.AsMemory(), cancellation);
        }
    }

    /// <summary>
    /// One row a decision; metrics as <c>rule=usage</c>, joined by a space, and <c>rule=?</c> for a missing one.
    /// </summary>
    public async Task WriteCsvAsync(TextWriter writer, CancellationToken cancellation)
    {
        const string Header = "time,loop,metrics,current,ready,desired,stabilized,result,reason";
        await writer.WriteLineAsync(Header.AsMemory(), cancellation);
        foreach (var decision in Snapshot())
            await writer.WriteLineAsync(CsvRow(decision).AsMemory(), cancellation);
    }

    private static string CsvRow(ScaleDecision decision)
    {
        var metrics = string.Join(' ', decision.Metrics.Select(metric =>
            $"{metric.Rule}={metric.Usage?.ToString(CultureInfo.InvariantCulture) ?? "?"}"));
        return string.Create(CultureInfo.InvariantCulture,
            $"{decision.At:O},{decision.Loop},\"{metrics.Replace("\"", "\"\"", StringComparison.Ordinal)}\",") +
            string.Create(CultureInfo.InvariantCulture,
            $"{decision.Current},{decision.Ready},{decision.Desired},{decision.Stabilized},{decision.Result},") +
            decision.Reason;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ScaleDecision))]
internal sealed partial class DecisionJson : JsonSerializerContext;
