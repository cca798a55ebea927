using System.Globalization;
using System.Text;
using Fulfillment.Bench.Formats;
using Fulfillment.Planning;

namespace Fulfillment.Bench.Planner;

/// <summary>What came out for one instance. Distances are in metres, as the instances print them.</summary>
internal sealed record PlannerRow
{
    public required string Set { get; init; }

    public required string File { get; init; }

    public int Orders { get; init; }

    /// <summary>What a cart takes.</summary>
    public int Capacity { get; init; }

    public double Distance { get; init; }

    public double Seconds { get; init; }

    public long Units { get; init; }

    /// <summary>First come first served with S-shape routes.</summary>
    public double Baseline { get; init; }

    /// <summary>Savings with exact routes and no search.</summary>
    public double Savings { get; init; }

    /// <summary>Every order walked on its own with S-shape routes.</summary>
    public double OneByOne { get; init; }

    /// <summary>The distance at each smaller budget of an anytime run, the smallest budget first.</summary>
    public IReadOnlyList<double> Sooner { get; init; } = [];

    /// <summary>The distance at the budget of reference, where one was asked for.</summary>
    public double? Reference { get; init; }

    public double LowerBound { get; init; }

    public double? BestKnown { get; init; }

    public bool IsProven { get; init; }

    /// <summary>Why there is no plan to speak of: the file could not be read, or the verifier refused the
    /// plan.</summary>
    public string? Fault { get; init; }

    /// <summary>Published values are printed rounded in one set (Muter and Oncan): 0.6 m is the same value
    /// there.</summary>
    public double Tolerance => Set == "muter-oncan" ? 0.6 : 0.05;

    public double? GapPercent => BestKnown is not { } best ? null
        : Math.Abs(Distance - best) <= Tolerance ? 0 : 100 * (Distance - best) / best;

    /// <summary>How far the plan's certificate lies below the best known.</summary>
    public double? BoundGapPercent => BestKnown is { } best ? 100 * (best - LowerBound) / best : null;

    /// <summary>The shortest plan known: of this run at any budget, or published.</summary>
    public double BestOfAll => Math.Min(Math.Min(Distance, Reference ?? Distance),
        BestKnown is { } best && GapPercent is { } gap && gap > 0 ? best : Distance);

    public string Csv => string.Create(
        CultureInfo.InvariantCulture,
        $"{Set}/{File},{Orders},{Distance:0.###},{Seconds:0.####},{Units},{Baseline:0.###}");

    /// <summary>Plans one file; null when the file is no pool of orders (the folder may hold other things).</summary>
    internal static PlannerRow? Of(FileInfo file, DirectoryInfo root, PlannerRuns runs, BestKnown known)
    {
        var lines = System.IO.File.ReadAllLines(file.FullName, Encoding.Latin1);
        var row = new PlannerRow { Set = file.Directory!.Name, File = file.Name };
        InstanceOutcome read;
        if (lines.Length > 0 && lines[0].StartsWith("//", StringComparison.Ordinal)) read = BriantFormat.Read(lines);
        else if (lines.Length > 0 && lines[0].StartsWith("NAME",
            StringComparison.Ordinal)) read = HennWaescherFormat.Read(lines);
        else return null;
        if (read is InstanceOutcome.Unreadable bad)
            return row with { Fault = $"{root.Name}: line {bad.Line}: {bad.Why}" };
        return row.Planned(((InstanceOutcome.Read)read).Problem, runs, known.For(file));
    }

    /// <summary>The row filled in for its problem.</summary>
    internal PlannerRow Planned(PlanningProblem problem, PlannerRuns runs, BestKnown.Value? best)
    {
        var stopAt = runs.StopAtOptimum && best is { IsOptimal: true } proven
            ? proven.UpperMm + (long)(Tolerance * 1000) : 0;
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        var outcome = OptimizedPlanner.Plan(problem, runs.Budget, runs.Seed, stopAt);
        var seconds = clock.GetElapsedTime(start).TotalSeconds;
        if (outcome is not PlanningOutcome.Planned { Plan: var plan })
            return this with { Fault = ((PlanningOutcome.Refused)outcome).Reason.ToString() };
        var faults = PlanVerifier.FaultsIn(problem, plan);
        double At(Budget budget) => DistanceOf(OptimizedPlanner.Plan(problem, budget, runs.Seed));
        return this with
        {
            Orders = problem.Orders.Count,
            Capacity = problem.Cart.LoadMax,
            Distance = plan.Distance.Metres,
            Seconds = seconds,
            Units = plan.UnitsSpent,
            Baseline = DistanceOf(BaselinePlanner.Plan(problem)),
            Savings = At(Budget.Constructive),
            OneByOne = DistanceOf(BaselinePlanner.Plan(problem with { Cart = problem.Cart with { OrdersMax = 1 } })),
            Sooner = [.. runs.Sooner.Select(At)],
            Reference = runs.Reference is { } reference ? At(reference) : null,
            LowerBound = plan.LowerBound.Metres,
            BestKnown = best?.UpperMm / 1000.0,
            IsProven = best is { IsOptimal: true },
            Fault = faults.Count == 0 ? null : faults[0].ToString(),
        };
    }

    private static double DistanceOf(PlanningOutcome outcome) =>
        ((PlanningOutcome.Planned)outcome).Plan.Distance.Metres;
}

/// <summary>What is run for each instance.</summary>
internal sealed record PlannerRuns(
    Budget Budget, IReadOnlyList<Budget> Sooner, Budget? Reference, ulong Seed, bool StopAtOptimum);
