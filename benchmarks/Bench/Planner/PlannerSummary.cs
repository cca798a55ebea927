using System.Globalization;
using System.Text;

namespace Fulfillment.Bench.Planner;

/// <summary>The table under a bench run: one line a set, and one for all.</summary>
internal static class PlannerSummary
{
    internal static string Of(IReadOnlyList<PlannerRow> rows)
    {
        var text = new StringBuilder();
        text.AppendLine(
            "set                files  proven hit        mean gap  worst gap  (all) mean  worst  "
            + "  vs FCFS+S  vs 1-by-1  vs savings  mean s");
        foreach (var set in rows.Where(r => r.Fault is null).GroupBy(r => r.Set)) Line(text, set.Key, [.. set]);
        var good = rows.Where(r => r.Fault is null).ToList();
        if (good.Count > 0) Line(text, "all", good);
        foreach (var row in rows.Where(r => r.Fault is not null)) text.AppendLine(CultureInfo.InvariantCulture,
            $"FAULT {row.Set}/{row.File}: {row.Fault}");
        return text.ToString();
    }

    private static void Line(StringBuilder text, string name, List<PlannerRow> rows)
    {
        var proven = rows.Where(r => r is { IsProven: true, GapPercent: not null }).ToList();
        var known = rows.Where(r => r.GapPercent is not null).ToList();
        // A plan shorter than a rounded published optimum still hits it.
        var hit = proven.Count(r => r.GapPercent <= 0);
        text.AppendLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-18} {rows.Count,5}  {hit,5}/{proven.Count,-5} "
            + $"{Percent(proven.Count == 0 ? null : (double)hit / proven.Count * 100)}"
            + $"  {Gap(proven, Enumerable.Average)}  {Gap(proven, Enumerable.Max)}"
            + $"  {Gap(known, Enumerable.Average)}  {Gap(known, Enumerable.Max)}"
            + $"  {Less(rows, r => r.Baseline)}  {Less(rows, r => r.OneByOne)}  {Less(rows, r => r.Savings)}"
            + $"  {rows.Average(r => r.Seconds),6:0.000}"));
    }

    private static string Gap(List<PlannerRow> rows, Func<IEnumerable<double>, double> of) =>
        rows.Count == 0 ? "      -" : string.Create(CultureInfo.InvariantCulture,
            $"{of(rows.Select(r => r.GapPercent!.Value)),8:0.000}%");

    private static string Percent(double? value) =>
        value is { } v ? string.Create(CultureInfo.InvariantCulture, $"{v,5:0.0}%") : "     -";

    private static string Less(List<PlannerRow> rows, Func<PlannerRow, double> than) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{rows.Average(r => 100 * (r.Distance - than(r)) / than(r)),8:0.00}%");
}
