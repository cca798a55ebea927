using System.Globalization;
using System.Text;

namespace Fulfillment.Bench.Planner;

/// <summary>What the planner is to reach at one second, each goal beside what the run measured.</summary>
internal static class PlannerGoals
{
    private const double AnytimeMs20Max = 4, AnytimeMs100Max = 2, AnytimeMs1000Max = 0.5;

    internal static string Of(IReadOnlyList<PlannerRow> rows, IReadOnlyList<string> sooner)
    {
        var text = new StringBuilder();
        text.AppendLine().AppendLine($"{"goal (at a budget of 1s)",-60} {"wanted",-10} {"measured",9}");
        var good = rows.Where(r => r.Fault is null).ToList();
        var known = good.Where(r => r.GapPercent is not null).ToList();
        var henn = known.Where(r => r.Set == "henn-waescher").ToList();
        if (henn.Count > 0)
        {
            var proven = henn.Where(r => r.IsProven).ToList();
            var hit = proven.Count == 0 ? 100 : 100.0 * proven.Count(r => r.GapPercent <= 0) / proven.Count;
            Line(text, $"Henn-Waescher optima hit, {proven.Count} proven files", ">= 85 %", hit, hit >= 85);
            AtMost(text, $"mean gap to best known, {henn.Count} files", 0.05, henn.Average(r => r.GapPercent!.Value));
            AtMost(text, "worst gap to best known", 0.6, henn.Max(r => r.GapPercent!.Value));
        }

        foreach (var (capacity, wanted) in (ReadOnlySpan<(int, double)>)[(30, 0.5), (45, 0.5), (60, 1), (75, 2)])
        {
            var bounds = henn.Where(r => r.Capacity == capacity && r.Orders <= 60).ToList();
            if (bounds.Count == 0) continue;
            AtMost(text, $"bound below best known, capacity {capacity}, up to 60 orders", wanted,
                bounds.Average(r => r.BoundGapPercent!.Value));
        }

        var above = known.Count(r => r.LowerBound > r.BestKnown + r.Tolerance);
        Line(text, "bounds above best known", "0", above, above == 0);
        var muter = known.Where(r => r.Set == "muter-oncan-wg").ToList();
        if (muter.Count > 0)
            AtMost(text, $"Muter-Oncan mean gap, {muter.Count} files", 0.15, muter.Average(r => r.GapPercent!.Value));

        foreach (var (orders, wanted) in (ReadOnlySpan<(int, double)>)[(1_000, 24), (3_000, 24)])
        {
            foreach (var row in good.Where(r => r.Orders == orders))
            {
                var less = 100 * (1 - row.Distance / row.Baseline);
                Line(text, $"{row.File}: less than fcfs + S-shape", $">= {wanted} %", less, less >= wanted);
            }
        }

        Anytime(text, known, sooner);
        return text.ToString();
    }

    private static void Anytime(StringBuilder text, List<PlannerRow> rows, IReadOnlyList<string> sooner)
    {
        if (rows.Count == 0 || sooner.Count == 0) return;
        double Gap(Func<PlannerRow, double> of) => rows.Average(r => 100 * (of(r) / r.BestOfAll - 1));
        for (var i = 0; i < sooner.Count; i++)
        {
            AtMost(text, $"mean gap to the best of all runs at {sooner[i]}",
                i == 0 ? AnytimeMs20Max : AnytimeMs100Max, Gap(r => r.Sooner[i]));
        }

        AtMost(text, "mean gap to the best of all runs at 1s", AnytimeMs1000Max, Gap(r => r.Distance));
        var risen = rows.Count(r => r.Sooner.Append(r.Distance).Zip(r.Sooner.Skip(1).Append(r.Distance))
            .Any(p => p.Second > p.First));
        Line(text, "files where more budget walks farther", "0", risen, risen == 0);
    }

    private static void AtMost(StringBuilder text, string what, double limit, double measured) =>
        Line(text, what, string.Create(CultureInfo.InvariantCulture, $"<= {limit} %"), measured, measured <= limit);

    private static void Line(StringBuilder text, string what, string wanted, double measured, bool isMet) =>
        text.AppendLine(string.Create(
            CultureInfo.InvariantCulture, $"{what,-60} {wanted,-10} {measured,9:0.000}  {(isMet ? "met" : "MISSED")}"));
}
