using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fulfillment.Surge.Bench;

/// <summary>
/// One measured thing. CPU seconds are those of the whole process tree, the client's included. Where it was counted:
/// pages of the database (in its buffers or not) and rows (returned or written) for one order or request.
/// </summary>
internal sealed record BenchRow(
    string Name, string Case, double PerSecond, double P50Ms, double P99Ms, double CpuSecondsPerThousand,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Buffers = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Rows = null);

/// <summary>What a benchmark writes with --json; the same shape for all of them.</summary>
internal sealed record BenchResult(
    string Bench, string Machine, double Seconds, IReadOnlyList<BenchRow> Rows,
    IReadOnlyDictionary<string, double> Ratios)
{
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

        foreach (var (name, value) in Ratios) await text.WriteLineAsync($"  {name,-32} {Number(value, "0.00"),10}");
        if (file is not null)
            await File.WriteAllBytesAsync(file.FullName, JsonSerializer.SerializeToUtf8Bytes(this, Json), cancellation);
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        if (sorted.Count == 0) return 0;
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>0 when there is nothing to divide by: JSON knows no infinity.</summary>
    internal static double Over(double value, double by) => by > 0 ? Math.Round(value / by, 3) : 0;

    internal static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Line(string name, string @case, string rate, string p50, string p99, string cpu) =>
        $"  {name,-32} {@case,-12} {rate,10} {p50,9} {p99,9} {cpu,13}";

    private static IEnumerable<string> ReadLines(string file) => File.Exists(file) ? File.ReadLines(file) : [];
}
