using Fulfillment.Surge.Matrix;
using Fulfillment.Surge.Report;
using Xunit;

namespace Fulfillment.Tests.Surge.Matrix;

public sealed class MatrixVerdictTests
{
    [Fact]
    public void Cells_as_expected_confirm_every_expectation()
    {
        var verdict = MatrixVerdict.Of(AsExpected());

        Assert.Contains(verdict, word => word.StartsWith("Fixed replicas collapse at 10x, with either plan: confirmed", StringComparison.Ordinal));
        Assert.Contains(verdict, word => word.Contains("keep the promised confirmation at 10x, with either plan: confirmed", StringComparison.Ordinal));
        Assert.Equal(4, verdict.Count(word => word.Contains("25 % fewer metres", StringComparison.Ordinal)
            && word.Contains(": confirmed. 10 to 7 m a line (-30.0%)", StringComparison.Ordinal)));
        Assert.Contains(verdict, word => word.Contains("optimized, auto at 10x, 0.2 USD", StringComparison.Ordinal));
        Assert.Contains("No invariant was broken in any of 8 cells.", verdict);
    }

    [Fact]
    public void A_fixed_cell_that_holds_refutes_the_collapse()
    {
        var cells = Planted(cell => cell is { Plan: "optimized", Replicas: "fixed", Scale: 10 }, cell => cell.Collapsed = false);
        Assert.Contains(cells, word => word.StartsWith("Fixed replicas collapse at 10x, with either plan: refuted", StringComparison.Ordinal)
            && word.Contains("optimized, fixed at 10x: held", StringComparison.Ordinal));
    }

    [Fact]
    public void An_autoscaled_cell_over_its_bound_refutes_the_promise()
    {
        var cells = Planted(cell => cell is { Plan: "baseline", Replicas: "auto", Scale: 10 },
            cell => cell.LatencyMs = cell.LatencyMs with { Confirm = new(1, 2, 10_001, 4) });
        Assert.Contains(cells, word => word.Contains("keep the promised confirmation at 10x, with either plan: refuted", StringComparison.Ordinal));
    }

    [Fact]
    public void A_void_cell_is_not_judged_and_is_named()
    {
        var cells = Planted(cell => cell is { Plan: "baseline", Replicas: "auto", Scale: 10 },
            cell => cell.Void = "the host was busy.");
        Assert.Contains(cells, word => word.Contains("keep the promised confirmation at 10x, with either plan: not judged, 1 of 2", StringComparison.Ordinal));
        Assert.Contains("Void: baseline, auto at 10x: the host was busy.", cells);
        Assert.Contains(cells, word => word.Contains("auto at 10x: not judged, a cell is void", StringComparison.Ordinal));
    }

    [Fact]
    public void A_plan_that_walks_a_quarter_less_but_not_more_is_enough_and_less_is_refuted()
    {
        Assert.Contains(Walking(7.5), word => word.Contains("fewer metres, fixed at 1x: confirmed", StringComparison.Ordinal));
        Assert.Contains(Walking(7.51), word => word.Contains("fewer metres, fixed at 1x: refuted", StringComparison.Ordinal));

        static IReadOnlyList<string> Walking(double metres) => Planted(
            cell => cell is { Plan: "optimized", Replicas: "fixed", Scale: 1 }, cell => cell.Metres = new(1, metres));
    }

    [Fact]
    public void A_cheaper_cell_that_collapsed_is_not_the_cheapest()
    {
        var verdict = Planted(cell => cell is { Replicas: "fixed", Scale: 10 },
            cell => cell.Cost = cell.Cost! with { PerOrder = 0.001 });
        Assert.Contains(verdict, word => word.Contains("The cheapest", StringComparison.Ordinal)
            && word.Contains("optimized, auto", StringComparison.Ordinal));
    }

    [Fact]
    public void A_broken_invariant_is_shouted_with_its_cell() => Assert.Contains(
        Planted(cell => cell is { Plan: "baseline", Replicas: "fixed", Scale: 1 }, cell => cell.Invariants = new(14, 1, ["x"])),
        word => word == "INVARIANTS BROKEN in baseline, fixed at 1x.");

    [Fact]
    public void Four_cells_of_one_plan_leave_the_other_unjudged() => Assert.Contains(
        MatrixVerdict.Of([.. AsExpected().Where(cell => cell.Cell!.Plan == "baseline")]),
        word => word.StartsWith("Fixed replicas collapse at 10x, with either plan: not judged, 1 of 2", StringComparison.Ordinal));

    [Fact]
    public void The_cells_share_arrivals_and_differ_in_what_makes_them()
    {
        var options = new Fulfillment.Surge.Live.PhasedOptions
        {
            Profile = "holiday",
            Scale = 10,
            Phases = new(10, 60, 20, 1, 1, 1),
            Seed = 1,
            Compression = 60,
            Labour = new(1),
            Prices = new(),
            System = new(),
        };
        var cells = MatrixPlan.Cells(options, new Calibrated(400, 20, 0.02, 33.3, 18, 9), ["baseline", "optimized"]).ToList();

        Assert.Equal(8, cells.Select(cell => cell.Cell).Distinct().Count());
        Assert.All(cells, cell => Assert.Equal(
            (20.0, 20 * cell.Scale, 1L, 0.02), (cell.Phases.NormalRate, cell.Phases.SurgeRate, cell.Seed, cell.Cores!.Value)));
        Assert.All(cells, cell => Assert.Equal(cell.Cell!.Replicas == "fixed" ? 1 : null, cell.FixedReplicas));
        Assert.All(cells, cell => Assert.Equal(cell.Cell!.Replicas == "fixed" ? 9 : 27, cell.Labour.Most));
        Assert.All(cells, cell => Assert.True(cell.MaxReplicas * cell.Cores <= MatrixPlan.CoresMax));
        // 10x needs 200 / 33.3 = 6.006 or 200 / 18 = 11.1 replicas, and a quarter more.
        Assert.All(cells, cell => Assert.Equal(cell.Cell!.Plan == "baseline" ? 8 : 14, cell.MaxReplicas));
    }

    [Theory]
    [InlineData(0.02, 18, 14)]
    [InlineData(0.08, 18, 10)] // what 0.8 of a core allows
    [InlineData(0.002, 1, 40)] // and what the machine bears
    [InlineData(1.6, 18, 1)]
    public void The_maximum_is_the_need_of_the_plan_and_a_quarter_more_within_the_machine(
        double cores, double optimizedRate, int most) =>
        Assert.Equal(most, new Calibrated(400, 20, cores, 33.3, optimizedRate, 9).MaxReplicasOf("optimized"));

    private static IReadOnlyList<string> Planted(Func<CellOfMatrix, bool> which, Action<SurgeReport> plant)
    {
        var cells = AsExpected();
        foreach (var cell in cells.Where(cell => which(cell.Cell!))) plant(cell);
        return MatrixVerdict.Of(cells);
    }

    private static List<SurgeReport> AsExpected() =>
        [.. from scale in new[] { 1.0, 10 }
            from plan in new[] { "baseline", "optimized" }
            from replicas in new[] { "fixed", "auto" }
            select Cell(plan, replicas, scale)];

    private static SurgeReport Cell(string plan, string replicas, double scale)
    {
        var drowns = replicas == "fixed" && scale > 1;
        return new()
        {
            Seed = 1,
            Profile = "holiday",
            Scale = scale,
            Cell = new(plan, replicas, scale),
            Seconds = 90,
            Compression = 60,
            Orders = new(100, 100, 0, 0, 0, 100, 100, 0),
            LatencyMs = new(null, null, new(100, 200, drowns ? 300_000 : 4_000, 400), null),
            ConfirmationBoundMs = 10_000,
            Metres = new(1_000, plan == "optimized" ? 7 : 10),
            Collapsed = drowns,
            Cost = new(10, 20, 1, 1, "USD", 30, plan == "optimized" ? 0.2 : 0.3),
            Planning = new(50, 1, 1, 100),
            OnTimeShare = 1,
        };
    }
}
