using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Surge.Simulate.Recorded;

/// <summary>
/// What one scenario of a recording fixed, and what the engine read and did. Times are seconds of the run.
/// </summary>
/// <param name="Name">Unique in its file.</param>
/// <param name="Spec">The rule.</param>
/// <param name="InitialReplicas">Asked for when the rule was made.</param>
/// <param name="Created">When it was made; before 0.</param>
/// <param name="Streams">For each rule, what its key held: changes only; empty for cron.</param>
/// <param name="Workers">Who takes from the one stream of a closed loop; null where the stream was scripted.</param>
/// <param name="Operators">What somebody did by hand.</param>
/// <param name="PodQuota">So many replicas can exist.</param>
/// <param name="Syncs">The autoscaler's turns.</param>
/// <param name="Polls">The turns of KEDA's loop.</param>
/// <param name="Exist">Replicas that existed, changes only.</param>
internal sealed record RecordedScenario(
    string Name, ScaleSpec Spec, int InitialReplicas, double Created, IReadOnlyList<IReadOnlyList<StreamAt>> Streams,
    RecordedWorkers? Workers, IReadOnlyList<OperatorAt> Operators, int? PodQuota, IReadOnlyList<RecordedTurn> Syncs,
    IReadOnlyList<RecordedTurn> Polls, IReadOnlyList<(double T, int Replicas)> Exist);

/// <param name="T">From when on.</param>
/// <param name="Length">XLEN; null where it could not be read.</param>
/// <param name="Groups">Lag (null: unknown) and pending by group.</param>
/// <param name="Unreachable">Redis refused or hung.</param>
internal sealed record StreamAt(
    double T, long? Length, IReadOnlyDictionary<string, (long? Lag, long Pending)> Groups, bool Unreachable);

/// <param name="EntriesPerSecond">Of one worker.</param>
/// <param name="StartSeconds">From the second after it is first seen.</param>
/// <param name="Arrivals">From a second on, entries a second.</param>
internal sealed record RecordedWorkers(
    double EntriesPerSecond, double StartSeconds, IReadOnlyList<(double From, double PerSecond)> Arrivals);

/// <summary>Replicas set, or the bounds of the rule; the other is null.</summary>
internal sealed record OperatorAt(double T, int? Replicas, ReplicaBounds? Bounds);

/// <param name="T">Of the decision.</param>
/// <param name="Readings">By rule, null for an error; null as a whole where there were none.</param>
internal sealed record RecordedTurn(double T, IReadOnlyList<double?>? Readings);
