using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fulfillment.Surge.Report;

/// <summary>
/// What a run found, live or simulated; the JSON that <c>--report</c> writes and the page is drawn from.
/// Times <c>T</c> are seconds since the run began; a compressed run states its factor in <see cref="Compression"/>.
/// A list that a run could not fill stays empty and its plot is left out.
/// </summary>
/// <remarks>Settable, not init: the JSON source generator would replace the defaults of absent init members.</remarks>
public sealed record SurgeReport
{
    /// <summary>Reproduces arrivals, lines and faults.</summary>
    public required long Seed { get; set; }

    /// <summary>replay | holiday | viral | onboarding.</summary>
    public required string Profile { get; set; }

    /// <summary>Load as a multiple of the normal day's.</summary>
    public double Scale { get; set; } = 1;

    /// <summary>Which of the two by two this is; null outside a matrix.</summary>
    public CellOfMatrix? Cell { get; set; }

    /// <summary>Length of the run in real seconds (virtual ones in a simulation).</summary>
    public required double Seconds { get; set; }

    /// <summary>K of <c>--compress K</c>: autoscaler and floor times were divided by it.</summary>
    public double Compression { get; set; } = 1;

    public required OrderCounts Orders { get; set; }
    public required LatenciesOfRun LatencyMs { get; set; }
    public MetresWalked Metres { get; set; } = new(0, 0);
    public InvariantFindings Invariants { get; set; } = new(0, 0, []);

    /// <summary>The promised confirmation p99 in milliseconds, where the run has one.</summary>
    public double? ConfirmationBoundMs { get; set; }

    /// <summary>Share of due orders <c>Picked</c> before their ship-by, 0..1.</summary>
    public double? OnTimeShare { get; set; }

    public IReadOnlyList<Phase> Phases { get; set; } = [];
    public IReadOnlyList<ArrivalsAt> Arrivals { get; set; } = [];
    public IReadOnlyList<ReplicasAt> Replicas { get; set; } = [];
    public IReadOnlyList<BacklogAt> Backlog { get; set; } = [];

    /// <summary>Confirmation latency of the orders meant to be sent in the interval that ends at T.</summary>
    public IReadOnlyList<ConfirmationAt> Confirmations { get; set; } = [];

    public IReadOnlyList<ClientRow> Clients { get; set; } = [];
    public CostOfRun? Cost { get; set; }

    /// <summary>What planning took; null where it was not looked at.</summary>
    public PlanningOfRun? Planning { get; set; }
    public Elasticity? Elasticity { get; set; }

    /// <summary>The run against its yardsticks; null where no replica's rate was known.</summary>
    public AgainstOracles? Oracles { get; set; }

    /// <summary>Null where it was not looked at; else whether the backlog still grew at the surge's end.</summary>
    public bool? Collapsed { get; set; }

    /// <summary>Why the run's figures must not be used (a busy host, a late intake); null if it counts.</summary>
    public string? Void { get; set; }

    /// <summary>Findings in words, the most important first; the page opens with them.</summary>
    public IReadOnlyList<string> Verdict { get; set; } = [];

    /// <summary>Everything needed to repeat the run: options, quotas, pool sizes, which pacing, machine.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; set; } = new Dictionary<string, string>();

    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Default.SurgeReport);

    /// <summary>Reads a report written by any run. Throws <see cref="JsonException"/> on what is none.</summary>
    public static SurgeReport Read(string json) =>
        JsonSerializer.Deserialize(json, ReportJson.Default.SurgeReport)
        ?? throw new JsonException("The report is empty.");
}

/// <summary>{baseline, optimized} x {fixed, auto} at a scale.</summary>
public sealed record CellOfMatrix(string Plan, string Replicas, double Scale);

public sealed record OrderCounts(
    long Sent, long Accepted, long Repeated, long Rejected,
    long Backordered, long Planned, long Picked, long Cancelled);

public sealed record Percentiles(double P50, double P95, double P99, double Max);

/// <summary>Milliseconds from the intended send to the answer, the plan's commit, Orders' word, the last
/// pick.</summary>
public sealed record LatenciesOfRun(Percentiles? Accept, Percentiles? Plan, Percentiles? Confirm, Percentiles? Pick);

public sealed record MetresWalked(double Total, double PerLine);

public sealed record InvariantFindings(int Checked, int Broken, IReadOnlyList<string> Details);

/// <summary>normal | surge | after, in seconds of the run.</summary>
public sealed record Phase(string Name, double From, double To);

public sealed record ArrivalsAt(double T, double PerSecond);

/// <param name="T">Seconds since the run began.</param>
/// <param name="Count">Replicas there (asked for and started).</param>
/// <param name="Desired">What the controller asked for.</param>
/// <param name="Demand">Replicas that the arrivals of this moment need.</param>
/// <param name="Oracle">Perfect foresight, see <c>Simulate.Oracles</c>; null where not computed.</param>
/// <param name="Ramp">The best that doubling from the minimum allows; null where not computed.</param>
/// <param name="Ready">Replicas that have started up and plan.</param>
public sealed record ReplicasAt(
    double T, double Count, double Desired, double Demand,
    double? Oracle = null, double? Ramp = null, double? Ready = null);

/// <summary>Orders accepted and not planned: in Postgres, on the stream unread, in a worker's hands.</summary>
public sealed record BacklogAt(double T, double Postgres, double Waiting, double InFlight)
{
    [JsonIgnore]
    public double Total => Postgres + Waiting + InFlight;
}

public sealed record ConfirmationAt(double T, double P50, double P99);

public sealed record ClientRow(
    string Client, long Orders, long Lines, double ConfirmP50, double ConfirmP99, double Metres, long Picked);

/// <summary>Money in <paramref name="Currency"/> at the stated prices; hands and replicas apart.</summary>
public sealed record CostOfRun(
    double ReplicaSeconds, double PickerHours, double ReplicaSecondPrice, double PickerHourPrice, string Currency,
    double Total, double PerOrder);

/// <summary>
/// After Herbst, Kounev and Reussner (ICAC 2013) and Herbst et al. (doi:10.1145/3236332). Accuracies in mean replicas,
/// time shares 0..1, the speedup a ratio; see <c>Simulate.Provisioning</c>.
/// </summary>
public sealed record Elasticity(
    double UnderAccuracy, double OverAccuracy, double UnderTimeShare, double OverTimeShare, double? ElasticSpeedup);

/// <param name="PoolMean">Releases planned together, on average.</param>
/// <param name="ReplicaCpuSeconds">CPU of all replicas since each was ready.</param>
/// <param name="PlannerSeconds">Time inside the planner.</param>
/// <param name="Planned">Orders planned in the measured time.</param>
public sealed record PlanningOfRun(double PoolMean, double ReplicaCpuSeconds, double PlannerSeconds, long Planned);

/// <summary>Both yardsticks are <c>Simulate.Oracles</c>, for the mean rates of the run's phases.</summary>
public sealed record AgainstOracles(
    double PeakBacklog, double RampPeakBacklog, double ReplicaSeconds, double ForesightReplicaSeconds,
    double RampReplicaSeconds)
{
    public double PeakRatio => RampPeakBacklog > 0 ? PeakBacklog / RampPeakBacklog : double.PositiveInfinity;

    public double ReplicaSecondsRatio =>
        ForesightReplicaSeconds > 0 ? ReplicaSeconds / ForesightReplicaSeconds : double.PositiveInfinity;
}

/// <summary>Eight cells of one seed on one page.</summary>
public sealed record MatrixReport
{
    public required long Seed { get; set; }
    public required IReadOnlyList<SurgeReport> Cells { get; set; }
    public IReadOnlyList<string> Verdict { get; set; } = [];
    public IReadOnlyDictionary<string, string> Settings { get; set; } = new Dictionary<string, string>();

    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Default.MatrixReport);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SurgeReport))]
[JsonSerializable(typeof(MatrixReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
