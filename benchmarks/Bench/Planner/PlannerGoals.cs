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
        var hard = good.Where(r => r.Set is "henn-waescher" or "muter-oncan").ToList();
        var proven = hard.Where(r => r is { IsProven: true, GapPercent: not null }).ToList();
        if (proven.Count > 0)
        {
            var hit = 100.0 * proven.Count(r => r.GapPercent <= 0) / proven.Count;
            Line(text, $"proven optima hit, {proven.Count} files", ">= 87 %", hit, hit >= 87);
            AtMost(text, "mean gap to proven optima", 0.04, proven.Average(r => r.GapPercent!.Value));
            AtMost(text, "worst gap to a proven optimum", 1, proven.Max(r => r.GapPercent!.Value));
        }

        var bounded = hard.Where(r => r.GapPercent is not null).ToList();
        if (bounded.Count > 0)
        {
            AtMost(text, $"mean to the 3600 s upper bounds, {bounded.Count} files", -1.5,
                bounded.Average(r => r.GapPercent!.Value));
            AtMost(text, "worst to a 3600 s upper bound", 1, bounded.Max(r => r.GapPercent!.Value));
            var less = bounded.Average(r => 100 * (1 - r.Distance / r.Baseline));
            Line(text, "less than first come first served + S-shape", ">= 30 %", less, less >= 30);
            less = bounded.Average(r => 100 * (1 - r.Distance / r.OneByOne));
            Line(text, "less than one order at a time + S-shape", ">= 65 %", less, less >= 65);
            less = bounded.Average(r => 100 * (1 - r.Distance / r.Savings));
            Line(text, "less than savings alone", ">= 5.5 %", less, less >= 5.5);
        }

        foreach (var (orders, wanted) in (ReadOnlySpan<(int, double)>)[(1_000, 21), (3_000, 23)])
        {
            foreach (var row in good.Where(r => r.Orders == orders))
            {
                var less = 100 * (1 - row.Distance / row.Baseline);
                Line(text, $"{row.File}: less than fcfs + S-shape", $">= {wanted} %", less, less >= wanted);
            }
        }

        Anytime(text, bounded, sooner);
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
