namespace Fulfillment.Surge.Load;

/// <summary>
/// What is sent in the three phases. `holiday`: all 20 brands alike. `replay`: the real orders in their order, from the
/// first again when they end. `viral`: one brand at the scale's multiple, 40 % of its lines one SKU. `onboarding`: the
/// largest brand is not there before the surge; in it, it sends its past orders in bulk and reads them back.
/// </summary>
internal static class PhasedProfile
{
    /// <summary>The largest of the 20: 28 % of all orders.</summary>
    internal static readonly string Star = HolidayProfile.Name(0);

    internal const double HotShareOfLines = 0.4;
    internal const string HotSku = "B01-0001";

    // Lines of an order on average: 1 x 0.6 + 2 x 0.2 + 3 x 0.1 + 7 x 0.1. A SKU stands once in an order, so that so
    // many orders must have it for 40 % of the lines to be it.
    private const double LinesPerOrder = 2.0;
    private const double HotShareOfOrders = HotShareOfLines * LinesPerOrder;

    internal static Workload Build(string profile, RunPhases phases, double scale, long seed) => profile switch
    {
        "holiday" => new Workload(HolidayProfile.Names, [.. Holiday(phases, seed)]),
        "replay" => Replay(phases, seed),
        "viral" => Viral(phases, scale, seed),
        "onboarding" => Onboarding(phases, scale, seed),
        _ => throw new ArgumentOutOfRangeException(nameof(profile), profile, "No such profile."),
    };

    /// <summary>The phases' rates: where one brand surges alone, the whole grows by its part only.</summary>
    internal static RunPhases Phases(
        string profile, double normal, double surge, double after, double rate, double scale)
    {
        var star = StarShare();
        return profile switch
        {
            "viral" => new(normal, surge, after, rate, rate * (1 + (star * (scale - 1))), rate),
            "onboarding" => new(normal, surge, after, rate * (1 - star), rate * (1 + (star * (scale - 1))), rate),
            _ => new(normal, surge, after, rate, rate * scale, rate),
        };
    }

    /// <summary>1 / H(20).</summary>
    internal static double StarShare() =>
        1 / Enumerable.Range(1, HolidayProfile.ClientCount).Sum(rank => 1.0 / rank);

    private static IEnumerable<PlannedOrder> Holiday(RunPhases phases, long seed)
    {
        var random = new SplitMix((ulong)seed);
        var (clients, skus) = (new Zipf(HolidayProfile.ClientCount, 1.0), new Zipf(HolidayProfile.SkusPerClient, 0.8));
        var number = 0;
        foreach (var at in phases.Arrivals(random))
        {
            var client = clients.Draw(random);
            yield return Order(at, client, ++number, HolidayProfile.Draw(client, skus, random));
        }
    }

    private static Workload Replay(RunPhases phases, long seed)
    {
        var random = new SplitMix((ulong)seed);
        var source = ReplayProfile.Read().ToList();
        var planned = new List<PlannedOrder>();
        foreach (var at in phases.Arrivals(random))
        {
            var (number, client, lines) = source[planned.Count % source.Count];
            var round = planned.Count / source.Count;
            var id = round == 0 ? number : $"{number}-again-{round}";
            // The one order over the service's limit is cut off: what counts here is the load.
            planned.Add(new PlannedOrder(
                TimeSpan.FromSeconds(at), client, id, [.. lines.Take(Workload.LinesPerOrderMax)]));
        }

        var clients = planned.Select(order => order.ClientId).Distinct().Order(StringComparer.Ordinal);
        return new Workload([.. clients], planned);
    }

    private static Workload Viral(RunPhases phases, double scale, long seed)
    {
        var star = StarShare();
        // The others' orders are the same whatever the scale: their draws come from a generator of their own.
        var others = phases with { SurgeRate = phases.NormalRate };
        var skus = new Zipf(HolidayProfile.SkusPerClient, 0.8);
        var random = new SplitMix((ulong)seed ^ 0x71A1);
        var extra = phases with { NormalRate = 0, SurgeRate = phases.NormalRate * star * (scale - 1), AfterRate = 0 };
        var number = 0;
        var rush = extra.Arrivals(random)
            .Select(at => Order(at, 0, ++number, Hot(HolidayProfile.Draw(0, skus, random), random), "V")).ToList();
        var surge = (From: phases.Normal, To: phases.SurgeEnd);
        var usual = Holiday(others, seed).Select(order =>
            order.ClientId == Star && order.At.TotalSeconds >= surge.From && order.At.TotalSeconds < surge.To
                ? order with { Lines = Hot(order.Lines, random) }
                : order);
        return new Workload(HolidayProfile.Names, [.. usual.Concat(rush).OrderBy(order => order.At)])
        { SurgingClient = Star };
    }

    private static Workload Onboarding(RunPhases phases, double scale, long seed)
    {
        var star = StarShare();
        var normal = phases.AfterRate;
        var all = phases with { NormalRate = normal, SurgeRate = normal };
        var usual = Holiday(all, seed)
            .Where(order => order.ClientId != Star || order.At.TotalSeconds >= phases.SurgeEnd);
        var skus = new Zipf(HolidayProfile.SkusPerClient, 0.8);
        var random = new SplitMix((ulong)seed ^ 0x0B0A2D);
        var past = phases with { NormalRate = 0, SurgeRate = normal * star * scale, AfterRate = 0 };
        var number = 0;
        var bulk = past.Arrivals(random)
            .Select(at => Order(at, 0, ++number, HolidayProfile.Draw(0, skus, random), "P"))
            .Chunk(Workload.BulkOrdersMax)
            .SelectMany((orders, index) => orders.Select(order => order with { At = orders[^1].At, Bulk = index }))
            .ToList();
        var sorted = usual.Concat(bulk).OrderBy(order => order.At).ThenBy(order => order.Bulk ?? -1);
        return new Workload(HolidayProfile.Names, [.. sorted]) { SurgingClient = Star, Crawler = Star };
    }

    private static IReadOnlyList<PlannedLine> Hot(IReadOnlyList<PlannedLine> lines, SplitMix random)
    {
        var cold = lines.Where(line => line.Sku != HotSku).ToList();
        if (random.NextDouble() >= HotShareOfOrders) return cold.Count > 0 ? cold : lines;
        return [new PlannedLine(HotSku, lines[0].Quantity), .. cold.Take(lines.Count - 1)];
    }

    private static PlannedOrder Order(
        double at, int client, int number, IReadOnlyList<PlannedLine> lines, string prefix = "H") =>
        new(TimeSpan.FromSeconds(at), HolidayProfile.Name(client), $"{prefix}{number:D8}", lines);
}
