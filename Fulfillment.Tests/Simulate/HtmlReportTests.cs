using System.Text.RegularExpressions;
using System.Xml.Linq;
using Fulfillment.Surge.Report;
using Fulfillment.Surge.Simulate;
using Xunit;

namespace Fulfillment.Tests.Simulate;

public sealed partial class HtmlReportTests
{
    [Fact]
    public void The_page_needs_no_network_and_its_drawings_do_not_share_ids()
    {
        var page = HtmlReport.Render(Report());
        Assert.DoesNotContain("http://", page.Replace("http://www.w3.org/", "", StringComparison.Ordinal),
            StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        var drawings = Drawing().Matches(page).Select(match => XElement.Parse(match.Value)).ToList();
        Assert.True(drawings.Count >= 4, $"{drawings.Count} drawings");
        var ids = drawings.SelectMany(svg => svg.DescendantsAndSelf().Attributes("id")).Select(id => id.Value).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Fact]
    public void The_verdict_comes_first_and_a_void_run_or_a_broken_invariant_says_so_before_all_else()
    {
        var report = Report();
        report.Verdict = ["It held."];
        report.Void = "The host was busy.";
        report.Invariants = new(12, 1, ["order 7 <b>lost</b>"]);
        var words = HtmlReport.VerdictOf(report);
        Assert.StartsWith("Void: The host was busy.", words[0], StringComparison.Ordinal);
        Assert.StartsWith("1 invariants are broken", words[1], StringComparison.Ordinal);
        Assert.Equal("It held.", words[2]);
        var page = HtmlReport.Render(report);
        Assert.Contains("order 7 &lt;b&gt;lost&lt;/b&gt;", page, StringComparison.Ordinal);
        var drawing = page.IndexOf("<svg", StringComparison.Ordinal);
        Assert.InRange(page.IndexOf("It held.", StringComparison.Ordinal), 0, drawing);
    }

    [Fact]
    public void A_report_survives_its_json_and_one_with_the_required_members_only_can_be_drawn()
    {
        var report = Report();
        Assert.Equal(report.ToJson(), SurgeReport.Read(report.ToJson()).ToJson());
        var bare = SurgeReport.Read("""
            {"seed":1,"profile":"replay","seconds":10,"latencyMs":{},
             "orders":{"sent":1,"accepted":1,"repeated":0,"rejected":0,
                       "backordered":0,"planned":1,"picked":1,"cancelled":0}}
            """);
        Assert.Contains("1 of 1 accepted orders were planned", HtmlReport.Render(bare), StringComparison.Ordinal);
    }

    [Fact]
    public void A_matrix_shows_every_cell()
    {
        var cells = new List<SurgeReport>();
        foreach (var scale in new[] { 1.0, 10.0 })
            foreach (var plan in new[] { "baseline", "optimized" })
                foreach (var replicas in new[] { "fixed", "auto" })
                    cells.Add(Report() with
                    { Cell = new(plan, replicas, scale), Scale = scale, Metres = new(1_000, 12.5) });
        var page = HtmlReport.Render(
            new MatrixReport { Seed = 7, Cells = cells, Verdict = ["Both together are cheapest."] });
        Assert.Equal(8, Details().Count(page));
        Assert.Contains("optimized, auto", page, StringComparison.Ordinal);
    }

    private static SurgeReport Report()
    {
        var settings = SimulationTests.Settings() with { Arrivals = Arrivals.Step(5, 10, 60, 120, 60) };
        var report = SimulationReport.Of(settings, Simulation.Run(settings, TestContext.Current.CancellationToken), 30);
        report.Clients = [new("Möbel & Co", 10, 30, 900, 2_000, 300, 10), new("viral", 90, 90, 4_000, 9_000, 700, 90)];
        return report;
    }

    [GeneratedRegex("<svg .*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Drawing();

    [GeneratedRegex("<details>")]
    private static partial Regex Details();
}
