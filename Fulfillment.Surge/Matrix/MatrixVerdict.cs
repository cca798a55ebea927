using System.Globalization;
using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Matrix;

/// <summary>
/// What the eight cells say about the claim, in sentences computed from their figures: each expectation is confirmed,
/// refuted, or cannot be judged because a cell it needs is void or missing. Pure.
/// </summary>
internal static class MatrixVerdict
{
    internal const string Baseline = "baseline", Optimized = "optimized", Fixed = "fixed", Auto = "auto";

    /// <summary>The optimized plan is expected to walk so much less.</summary>
    internal const double FewerMetres = 0.25;

    private static readonly CultureInfo English = CultureInfo.InvariantCulture;
    private static readonly string[] Plans = [Baseline, Optimized];

    internal static IReadOnlyList<string> Of(IReadOnlyList<SurgeReport> cells)
    {
        if (cells.Count == 0) return ["No cell was run."];
        var peak = cells.Max(cell => cell.Scale);
        var words = new List<string>
        {
            Judge(string.Create(English, $"Fixed replicas collapse at {peak:0.#}x, with either plan"), Cells(Fixed),
                cell => cell.Collapsed, CollapseOf),
            Judge(string.Create(English,
                    $"Autoscaled replicas keep the promised confirmation at {peak:0.#}x, with either plan"),
                Cells(Auto), Kept, ConfirmationOf),
        };
        foreach (var scale in cells.Select(cell => cell.Scale).Distinct().Order()) words.AddRange(Compare(scale));
        words.Add(Cheapest(cells, peak));
        words.AddRange(cells.Where(cell => cell.Void is not null)
            .Select(cell => $"Void: {NameOf(cell)}: {cell.Void}"));
        var broken = cells.Where(cell => cell.Invariants.Broken > 0).ToList();
        words.Add(broken.Count == 0
            ? $"No invariant was broken in any of {cells.Count} cells."
            : $"INVARIANTS BROKEN in {string.Join(", ", broken.Select(NameOf))}.");
        return words;

        List<SurgeReport?> Cells(string replicas) =>
            [.. Plans.Select(plan => Find(cells, plan, replicas, peak))];

        IEnumerable<string> Compare(double scale)
        {
            foreach (var replicas in new[] { Fixed, Auto })
            {
                if (Find(cells, Baseline, replicas, scale) is { } before
                    && Find(cells, Optimized, replicas, scale) is { } after)
                    yield return Against(before, after);
            }
        }
    }

    /// <summary>One expectation over the cells that it speaks of.</summary>
    private static string Judge(
        string expectation, List<SurgeReport?> cells, Func<SurgeReport, bool?> holds,
        Func<SurgeReport, string> figure)
    {
        var usable = cells.OfType<SurgeReport>().Where(cell => cell.Void is null && holds(cell) is not null).ToList();
        var figures = string.Join("; ", usable.Select(cell => $"{NameOf(cell)}: {figure(cell)}"));
        // One that speaks against it is enough, whatever the others might have said.
        if (usable.Exists(cell => holds(cell) == false)) return $"{expectation}: refuted. {figures}.";
        return usable.Count == cells.Count
            ? $"{expectation}: confirmed. {figures}."
            : $"{expectation}: not judged, {cells.Count - usable.Count} of {cells.Count} cells are void or missing."
                + (figures.Length > 0 ? $" {figures}." : "");
    }

    // Metres are the plan's doing and hands follow; both are said even where one of them refutes the expectation.
    private static string Against(SurgeReport before, SurgeReport after)
    {
        var pair = string.Create(English, $"{before.Cell!.Replicas} at {before.Scale:0.#}x");
        if (before.Void is not null || after.Void is not null || before.Metres.PerLine <= 0)
            return $"The optimized plan against the baseline, {pair}: not judged, a cell is void.";
        var fewer = 1 - (after.Metres.PerLine / before.Metres.PerLine);
        var text = string.Create(English, $"The optimized plan walks at least {FewerMetres:P0} fewer metres, {pair}: "
            + $"{(fewer >= FewerMetres ? "confirmed" : "refuted")}. {before.Metres.PerLine:0.##} to "
            + $"{after.Metres.PerLine:0.##} m a line ({-fewer:+0.0%;-0.0%;0.0%})");
        if (before is { Planning: { Planned: > 0 } was } && after is { Planning: { Planned: > 0 } now })
            text += string.Create(English, $", pools of {was.PoolMean:0.#} and {now.PoolMean:0.#} orders, CPU an order "
                + $"{was.ReplicaCpuSeconds / was.Planned * 1_000:0.##} to "
                + $"{now.ReplicaCpuSeconds / now.Planned * 1_000:0.##} ms");
        return before.Cost is { } paid && after.Cost is { } pays
            ? text + string.Create(English, $", picker-hours {paid.PickerHours:0.#} to {pays.PickerHours:0.#}, "
                + $"{paid.PerOrder:G3} to {pays.PerOrder:G3} {pays.Currency} an order.")
            : text + ".";
    }

    private static string Cheapest(IReadOnlyList<SurgeReport> cells, double peak)
    {
        var held = cells.Where(cell => cell.Scale == peak && cell.Void is null && cell.Cost is not null
            && cell.Collapsed == false && Kept(cell) == true).ToList();
        if (held.Count == 0) return string.Create(English, $"At {peak:0.#}x no cell kept the promised confirmation.");
        var best = held.MinBy(cell => cell.Cost!.PerOrder)!;
        return string.Create(English,
            $"The cheapest that kept the promised confirmation at {peak:0.#}x: {NameOf(best)}, "
            + $"{best.Cost!.PerOrder:G3} {best.Cost.Currency} an order, {best.OnTimeShare:P0} on time.");
    }

    private static bool? Kept(SurgeReport cell) =>
        cell.ConfirmationBoundMs is { } bound && cell.LatencyMs.Confirm is { } confirm ? confirm.P99 <= bound : null;

    private static string CollapseOf(SurgeReport cell) => string.Create(English,
        $"{(cell.Collapsed == true ? "collapsed" : "held")}, largest backlog "
        + $"{cell.Backlog.Select(at => at.Total).DefaultIfEmpty(0).Max():N0}");

    private static string ConfirmationOf(SurgeReport cell) => string.Create(English,
        $"99 of 100 within {cell.LatencyMs.Confirm!.P99 / 1_000 * cell.Compression:N0} s of the day, promised "
        + $"{cell.ConfirmationBoundMs!.Value / 1_000 * cell.Compression:N0} s");

    private static SurgeReport? Find(IReadOnlyList<SurgeReport> cells, string plan, string replicas, double scale) =>
        cells.FirstOrDefault(cell => cell.Cell?.Plan == plan && cell.Cell.Replicas == replicas && cell.Scale == scale);

    private static string NameOf(SurgeReport cell) =>
        string.Create(English, $"{ReportTables.CellName(cell)} at {cell.Scale:0.#}x");
}
