using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Fulfillment.Surge.Load;

/// <summary>
/// The 20,538 real orders of Data/ in their order, each country a client of its own (38 of them; one carries nine
/// tenths). They arrive as a Poisson process of the asked rate; the year's own gaps would be mostly nights.
/// </summary>
internal static class ReplayProfile
{
    internal const int OrdersMax = 20_538;
    private const string Resource = "Fulfillment.Surge.Data.uci-online-retail-orders.csv.gz";

    internal static Workload Build(int orders, double ratePerSecond, long seed)
    {
        var random = new SplitMix((ulong)seed);
        var at = 0.0;
        var planned = new List<PlannedOrder>(orders);
        foreach (var (number, client, lines) in Read().Take(orders))
        {
            at += random.Gap() / ratePerSecond;
            var parts = lines.Chunk(Workload.LinesPerOrderMax).ToList();
            for (var part = 0; part < parts.Count; part++)
            {
                var id = parts.Count == 1 ? number : $"{number}-{part + 1}";
                planned.Add(new PlannedOrder(TimeSpan.FromSeconds(at), client, id, parts[part]));
            }
        }

        var clients = planned.Select(order => order.ClientId).Distinct().Order(StringComparer.Ordinal).ToList();
        return new Workload(clients, planned);
    }

    /// <summary>Order number, client and lines; the rows of an order stand together in the file.</summary>
    internal static IEnumerable<(string Number, string Client, List<PlannedLine> Lines)> Read()
    {
        using var packed = typeof(ReplayProfile).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"{Resource} is not in this build");
        using var reader = new StreamReader(new GZipStream(packed, CompressionMode.Decompress), Encoding.UTF8);
        reader.ReadLine();
        (string Number, string Client, List<PlannedLine> Lines)? current = null;
        while (reader.ReadLine() is { } row)
        {
            var cells = row.Split(',');
            if (current is { } open && open.Number != cells[0])
            {
                yield return open;
                current = null;
            }

            current ??= (cells[0], Slug(cells[2]), []);
            current.Value.Lines.Add(new PlannedLine(cells[3], int.Parse(cells[4], CultureInfo.InvariantCulture)));
        }

        if (current is { } last) yield return last;
    }

    /// <summary>"United Kingdom" is client united-kingdom.</summary>
    private static string Slug(string country) =>
        string.Concat(country.Select(letter =>
            char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : '-'));
}
