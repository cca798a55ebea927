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
        BySize(text, good);
        foreach (var row in rows.Where(r => r.Fault is not null)) text.AppendLine(CultureInfo.InvariantCulture,
            $"FAULT {row.Set}/{row.File}: {row.Fault}");
        return text.ToString();
    }

    /// <summary>Each set by what a cart takes and by how many orders there are.</summary>
    private static void BySize(StringBuilder text, List<PlannerRow> rows)
    {
        var known = rows.Where(r => r.GapPercent is not null).ToList();
        if (known.Count == 0) return;
        text.AppendLine().AppendLine(
            "set                cart  orders  files  proven hit   mean gap  worst gap  bound below");
        foreach (var size in known.GroupBy(r => (r.Set, r.Capacity, r.Orders))
            .OrderBy(g => g.Key.Set, StringComparer.Ordinal).ThenBy(g => g.Key.Capacity).ThenBy(g => g.Key.Orders))
        {
            var proven = size.Where(r => r.IsProven).ToList();
            text.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{size.Key.Set,-18} {size.Key.Capacity,4}  {size.Key.Orders,6}  {size.Count(),5}"
                + $"  {proven.Count(r => r.GapPercent <= 0),4}/{proven.Count,-4}"
                + $"  {size.Average(r => r.GapPercent!.Value),8:0.000}%  {size.Max(r => r.GapPercent!.Value),8:0.000}%"
                + $"  {size.Average(r => r.BoundGapPercent!.Value),10:0.00}%"));
        }
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
