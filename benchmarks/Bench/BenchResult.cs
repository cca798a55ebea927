using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fulfillment.Bench;

/// <summary>
/// One measured thing; a figure is null where no round counted. CPU seconds are those of the whole process tree, the
/// client's included. Where it was counted: pages of the database (in its buffers or not) and rows (returned or
/// written) for one order or request.
/// </summary>
internal sealed record BenchRow(
    string Name, string Case, double? PerSecond, double? P50Ms, double? P99Ms, double? CpuSecondsPerThousand,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Buffers = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Rows = null);

/// <summary>One figure over another, or why there is none: JSON knows no infinity, and 0 would be a claim.</summary>
[JsonConverter(typeof(AsNumber))]
internal readonly record struct Ratio(double? Value, string? WhyNull = null)
{
    internal static Ratio Of(double? value, double? by, string whyNull = "there is nothing to divide by") =>
        by > 0 && value is { } known ? new(Math.Round(known / by.Value, 3)) : new(null, whyNull);

    public static implicit operator Ratio(double value) => new(value);

    internal sealed class AsNumber : JsonConverter<Ratio>
    {
        public override Ratio Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            new(reader.TokenType == JsonTokenType.Null ? null : reader.GetDouble());

        public override void Write(Utf8JsonWriter writer, Ratio ratio, JsonSerializerOptions options)
        {
            if (ratio.Value is { } value) writer.WriteNumberValue(value);
            else writer.WriteNullValue();
        }
    }
}

/// <summary>What a benchmark writes with --json; the same shape for all of them.</summary>
internal sealed record BenchResult(
    string Bench, string Machine, double Seconds, IReadOnlyList<BenchRow> Rows,
    IReadOnlyDictionary<string, Ratio> Ratios)
{
    /// <summary>For each ratio that is null, why it is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? WhyNull =>
        Ratios.Any(ratio => ratio.Value.WhyNull is not null)
            ? Ratios.Where(ratio => ratio.Value.WhyNull is not null)
                .ToDictionary(ratio => ratio.Key, ratio => ratio.Value.WhyNull!)
            : null;

    /// <summary>Bytes of tables and indexes, where they matter.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, long>? Sizes { get; init; }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>What the figures hold for: cores, processor, memory, kernel, runtime.</summary>
    internal static string ThisMachine()
    {
        var model = ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
        var gib = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} x {model ?? RuntimeInformation.ProcessArchitecture.ToString()}, "
            + $"{gib:0} GiB, "
            + $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");
    }

    /// <summary>The table and the ratios, and the file when one is named.</summary>
    internal async Task TellAsync(FileInfo? file, CancellationToken cancellation)
    {
        var text = Console.Out;
        await text.WriteLineAsync($"\n{Bench} on {Machine}");
        await text.WriteLineAsync(Line("name", "case", "per second", "p50 ms", "p99 ms", "CPU s / 1000"));
        foreach (var row in Rows)
        {
            await text.WriteLineAsync(Line(
                row.Name, row.Case, Number(row.PerSecond, "0"), Number(row.P50Ms, "0.00"), Number(row.P99Ms, "0.00"),
                Number(row.CpuSecondsPerThousand, "0.000")));
        }

        foreach (var (name, ratio) in Ratios)
            await text.WriteLineAsync($"  {name,-32} {Number(ratio.Value, "0.00"),10} {ratio.WhyNull}".TrimEnd());
        if (file is not null)
            await File.WriteAllBytesAsync(file.FullName, JsonSerializer.SerializeToUtf8Bytes(this, Json), cancellation);
    }

    /// <summary>Null of nothing.</summary>
    internal static double? Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        if (sorted.Count == 0) return null;
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    internal static string Number(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";

    private static string Line(string name, string @case, string rate, string p50, string p99, string cpu) =>
        $"  {name,-32} {@case,-12} {rate,10} {p50,9} {p99,9} {cpu,13}";

    private static IEnumerable<string> ReadLines(string file) => File.Exists(file) ? File.ReadLines(file) : [];
}
