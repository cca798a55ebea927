using System.Globalization;

namespace Fulfillment.Bench.Planner;

/// <summary>Published bounds of instances, from a <c>best-known.csv</c> in the folder or above it.</summary>
internal sealed class BestKnown
{
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);

    internal readonly record struct Value(long UpperMm, bool IsOptimal);

    internal Value? For(FileInfo file) =>
        _values.TryGetValue($"{file.Directory!.Name}/{file.Name}", out var value) ? value : null;

    internal static BestKnown In(DirectoryInfo folder)
    {
        var known = new BestKnown();
        for (var at = folder; at is not null; at = at.Parent)
        {
            var file = Path.Combine(at.FullName, "best-known.csv");
            if (!File.Exists(file)) continue;
            foreach (var line in File.ReadLines(file).Skip(1))
            {
                var cells = line.Split(',');
                if (!decimal.TryParse(cells[3], NumberStyles.Float, CultureInfo.InvariantCulture,
                    out var metres)) continue;
                known._values[cells[0]] = new Value((long)(metres * 1000), cells[5] == "1");
            }

            break;
        }

        return known;
    }
}
