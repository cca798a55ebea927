namespace Fulfillment.Surge.Report;

/// <summary>Which plots a run's report has; one without data is left out.</summary>
internal static class ReportFigures
{
    internal static IEnumerable<(string Title, string Caption, string Svg)> Of(SurgeReport report)
    {
        if (report.Arrivals.Count > 0)
            yield return ("Orders coming in", "Orders a second, by the moment they were meant to be sent.",
                TimePlot.Lines("orders / s",
                    [new("arrivals", TimePlot.Blue, [.. report.Arrivals.Select(a => a.T)],
                        [.. report.Arrivals.Select(a => a.PerSecond)]) { Filled = true, Averaged = true }],
                            report.Phases));
        if (report.Backlog.Count > 0)
            yield return ("Orders waiting for a tour",
                "Accepted and not yet planned. Most of a surge waits in Postgres, where it is fair between clients; "
                + "the stream is kept short.", Backlog(report));
        if (report.Replicas.Count > 0)
            yield return ("Planners at work",
                "Replicas that ran, what the orders coming in needed, and the two oracles: one that knew the surge "
                + "in advance, and one that saw it only when it came and doubled as fast as the platform allows.",
                Replicas(report));
        if (report.Confirmations.Count > 0)
            yield return ("How long a brand waited for its confirmation",
                "From the intended send to the moment Orders knew the tour.",
                TimePlot.Lines("seconds",
                    [Latency("half of the orders", TimePlot.Blue, c => c.P50),
                     Latency("99 of 100 orders", TimePlot.Red, c => c.P99), .. Bound(report)], report.Phases));
        if (report.Clients.Count > 0)
        {
            yield return ("Client by client: confirmation, 99 of 100 orders",
                "A brand that goes viral should wait for itself, and the others should not.",
                TimePlot.Bars("seconds",
                    [.. Largest(report).Select(c => (c.Client, c.ConfirmP99 / 1_000, TimePlot.Red))]));
            if (report.Clients.Any(client => client.Metres > 0))
                yield return ("Client by client: metres walked a line", "Less is better for the pickers' feet.",
                    TimePlot.Bars("metres / line", [.. Largest(report).Where(c => c.Lines > 0)
                        .Select(c => (c.Client, c.Metres / c.Lines, TimePlot.Green))]));
        }

        Series Latency(string name, string colour, Func<ConfirmationAt, double> of) =>
            new(name, colour, [.. report.Confirmations.Select(c => c.T)],
                [.. report.Confirmations.Select(c => of(c) / 1_000)]);
    }

    internal static string Backlog(SurgeReport report)
    {
        double[] times = [.. report.Backlog.Select(b => b.T)];
        return TimePlot.Lines("orders",
            [new("all", TimePlot.Blue, times, [.. report.Backlog.Select(b => b.Total)]) { Filled = true },
             new("waiting on the stream", TimePlot.Orange, times, [.. report.Backlog.Select(b => b.Waiting)]),
             new("being planned", TimePlot.Green, times, [.. report.Backlog.Select(b => b.InFlight)])], report.Phases);
    }

    private static string Replicas(SurgeReport report)
    {
        double[] times = [.. report.Replicas.Select(r => r.T)];
        var lines = new List<Series>
        {
            new("needed", TimePlot.Orange, times, [.. report.Replicas.Select(r => r.Demand)]) { Steps = true },
            new("running", TimePlot.Blue, times, [.. report.Replicas.Select(r => r.Count)]) { Steps = true },
        };
        Oracle("knew in advance", TimePlot.Green, replica => replica.Oracle);
        Oracle("best doubling", TimePlot.Purple, replica => replica.Ramp);
        return TimePlot.Lines("replicas", lines, report.Phases);

        void Oracle(string name, string colour, Func<ReplicasAt, double?> of)
        {
            var known = report.Replicas.Where(replica => of(replica) is not null).ToList();
            if (known.Count == 0) return;
            lines.Add(new(name, colour, [.. known.Select(r => r.T)], [.. known.Select(r => of(r)!.Value)])
            { Steps = true, Dashed = true });
        }
    }

    private static IEnumerable<Series> Bound(SurgeReport report)
    {
        if (report.ConfirmationBoundMs is not { } bound) yield break;
        var (first, last) = (report.Confirmations[0].T, report.Confirmations[^1].T);
        yield return new("promised", "#888888", [first, last], [bound / 1_000, bound / 1_000]) { Dashed = true };
    }

    private static IEnumerable<ClientRow> Largest(SurgeReport report) =>
        report.Clients.OrderByDescending(client => client.Orders).Take(12);
}
