using System.Globalization;
using System.Net;
using System.Text;

namespace Fulfillment.Surge.Report;

/// <summary>
/// One page, no network: the verdict in words first, then what to see it by, then the figures and the settings to
/// repeat it. Written for the lead of a floor, not for its programmers.
/// </summary>
public static class HtmlReport
{
    private static readonly CultureInfo English = CultureInfo.InvariantCulture;

    public static string Render(SurgeReport report)
    {
        var page = new StringBuilder();
        Section(page, VerdictOf(report));
        foreach (var (title, caption, svg) in ReportFigures.Of(report)) Figure(page, title, caption, svg);
        page.Append("<section><h2>The figures</h2>").Append(ReportTables.Figures(report)).Append("</section>");
        if (report.Cost is not null)
            page.Append("<section><h2>What it cost</h2>").Append(ReportTables.Cost(report)).Append("</section>");
        if (report.Clients.Count > 0)
            page.Append("<section><h2>Client by client</h2>").Append(ReportTables.Clients(report)).Append("</section>");
        page.Append("<section><h2>Checked</h2>").Append(ReportTables.Invariants(report.Invariants))
            .Append("</section>");
        page.Append("<section><h2>To repeat it</h2>").Append(ReportTables.Settings(report.Settings))
            .Append("</section>");
        var subtitle = string.Create(English,
            $"{report.Profile}, {report.Scale:0.#}x, seed {report.Seed}, {report.Seconds:0} s")
            + (report.Compression > 1
                ? string.Create(English, $", time compressed {report.Compression:0.#} times")
                : "");
        return ReportPage.Wrap("Surge report", subtitle, page.ToString());
    }

    public static string Render(MatrixReport matrix)
    {
        var page = new StringBuilder();
        Section(page, matrix.Verdict);
        page.Append("<section><h2>The eight cells</h2>").Append(ReportTables.Matrix(matrix.Cells)).Append("</section>");
        foreach (var scale in matrix.Cells.Select(cell => cell.Scale).Distinct().Order())
        {
            var cells = matrix.Cells.Where(cell => cell.Scale == scale).ToList();
            Figure(page, string.Create(English, $"Orders waiting for a tour, at {scale:0.#}x"),
                "The same orders at the same moments in each cell.", BacklogOf(cells));
            Figure(page, string.Create(English, $"Metres walked a line, at {scale:0.#}x"), "Less is better.",
                TimePlot.Bars("metres / line",
                    [.. cells.Select(c => (ReportTables.CellName(c), c.Metres.PerLine, TimePlot.Green))]));
            if (cells.Any(cell => cell.Cost is not null))
                Figure(page, string.Create(English, $"Cost an order, at {scale:0.#}x"),
                    "Replicas and hands, at the prices below.",
                    TimePlot.Bars(cells.First(c => c.Cost is not null).Cost!.Currency + " / order",
                        [.. cells.Select(c => (ReportTables.CellName(c), c.Cost?.PerOrder ?? 0, TimePlot.Purple))]));
        }
        foreach (var cell in matrix.Cells)
        {
            page.Append("<details><summary>").Append(Text(ReportTables.CellName(cell)))
                .Append(English, $" at {cell.Scale:0.#}x</summary>");
            Section(page, VerdictOf(cell));
            foreach (var (title, caption, svg) in ReportFigures.Of(cell)) Figure(page, title, caption, svg);
            page.Append(ReportTables.Figures(cell)).Append(ReportTables.Cost(cell))
                .Append(ReportTables.Invariants(cell.Invariants)).Append("</details>");
        }
        page.Append("<section><h2>To repeat it</h2>").Append(ReportTables.Settings(matrix.Settings))
            .Append("</section>");
        return ReportPage.Wrap("Two by two: plan and scale", $"seed {matrix.Seed}", page.ToString());
    }

    /// <summary>The run's own words, or, where it has none, what its figures say by themselves.</summary>
    internal static IReadOnlyList<string> VerdictOf(SurgeReport report)
    {
        var words = new List<string>();
        if (report.Void is { } reason) words.Add($"Void: {reason} The figures below must not be used.");
        if (report.Invariants.Broken > 0) words.Add($"{report.Invariants.Broken} invariants are broken; see below.");
        words.AddRange(report.Verdict);
        if (report.Collapsed == true) words.Add("It collapsed: orders still piled up when the surge ended.");
        if (report.ConfirmationBoundMs is { } bound && report.LatencyMs.Confirm is { } confirm)
            words.Add(string.Create(English,
                $"99 of 100 orders were confirmed within {confirm.P99 / 1_000:0.#} s; promised were "
                    + $"{bound / 1_000:0.#} s")
                + (confirm.P99 <= bound ? ": kept." : ": broken."));
        if (words.Count == 0)
            words.Add(string.Create(English,
                $"{report.Orders.Planned:N0} of {report.Orders.Accepted:N0} accepted orders were planned."));
        return words;
    }

    internal static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string BacklogOf(List<SurgeReport> cells)
    {
        string[] colours = [TimePlot.Red, TimePlot.Orange, TimePlot.Blue, TimePlot.Green];
        return TimePlot.Lines("orders", [.. cells.Select((cell, index) => new Series(
            ReportTables.CellName(cell), colours[index % colours.Length],
            [.. cell.Backlog.Select(b => b.T)], [.. cell.Backlog.Select(b => b.Total)]))], cells[0].Phases);
    }

    private static void Section(StringBuilder page, IReadOnlyList<string> verdict)
    {
        if (verdict.Count == 0) return;
        page.Append("<section class=\"verdict\"><p class=\"first\">").Append(Text(verdict[0])).Append("</p>");
        foreach (var sentence in verdict.Skip(1)) page.Append("<p>").Append(Text(sentence)).Append("</p>");
        page.Append("</section>");
    }

    private static void Figure(StringBuilder page, string title, string caption, string svg) =>
        page.Append("<figure><h2>").Append(Text(title)).Append("</h2><p>").Append(Text(caption)).Append("</p>")
            .Append(svg).Append("</figure>");
}
