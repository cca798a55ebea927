namespace Fulfillment.Surge.Load;

/// <summary>
/// A holiday among 20 brands: clients by Zipf 1.0, each with 250 of the 5,000 SKUs, drawn by Zipf 0.8; one line in 60 %
/// of the orders, two in 20 %, three in 10 %, four to ten in 10 %. One day's curve fits into the run.
/// </summary>
internal static class HolidayProfile
{
    internal const int ClientCount = 20;
    internal const int SkusPerClient = 250;
    private const int LinesMax = 10;
    private const int QuantityMax = 3;

    internal static Workload Build(int orders, double ratePerSecond, long seed)
    {
        var random = new SplitMix((ulong)seed);
        var (clients, skus) = (new Zipf(ClientCount, 1.0), new Zipf(SkusPerClient, 0.8));
        var planned = new List<PlannedOrder>(orders);
        var day = orders / ratePerSecond;
        var arrived = 0.0;
        for (var number = 1; number <= orders; number++)
        {
            arrived += random.Gap() / orders;
            var client = clients.Draw(random);
            var lines = Lines(client, LineCount(random), skus, random);
            var at = TimeSpan.FromSeconds(DayCurve.TimeOf(arrived) * day);
            planned.Add(new PlannedOrder(at, Name(client), $"H{number:D8}", lines));
        }

        return new Workload(Names, planned);
    }

    internal static IReadOnlyList<string> Names => [.. Enumerable.Range(0, ClientCount).Select(Name)];

    /// <summary>One order's lines by the same shares, for a client that is chosen already.</summary>
    internal static List<PlannedLine> Draw(int client, Zipf skus, SplitMix random) =>
        Lines(client, LineCount(random), skus, random);

    internal static string Name(int client) => $"brand-{client + 1:D2}";

    private static int LineCount(SplitMix random) => random.NextDouble() switch
    {
        < 0.6 => 1,
        < 0.8 => 2,
        < 0.9 => 3,
        _ => 4 + random.Below(LinesMax - 3),
    };

    // A SKU stands once in an order: drawn again when it is there already.
    private static List<PlannedLine> Lines(int client, int count, Zipf skus, SplitMix random)
    {
        var lines = new List<PlannedLine>(count);
        while (lines.Count < count)
        {
            var sku = $"B{client + 1:D2}-{skus.Draw(random) + 1:D4}";
            if (!lines.Exists(line => line.Sku == sku)) lines.Add(new PlannedLine(sku, 1 + random.Below(QuantityMax)));
        }

        return lines;
    }
}
