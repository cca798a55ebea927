using Fulfillment.Surge.Load;

namespace Fulfillment.Surge.Chaos;

/// <summary>Something that happens to a process, a store, the queue or the floor.</summary>
/// <param name="Name">As in the report and in <c>--kinds</c>.</param>
/// <param name="Strike">Does it and undoes it; returns when it is over.</param>
internal sealed record FaultKind(string Name, Func<ChaosWorld, Strike, CancellationToken, Task> Strike)
{
    /// <summary>The setting that rules how soon it can be over, and its time; null: none does.</summary>
    internal Func<ChaosSettings, (string Setting, TimeSpan Time)>? RuledBy { get; init; }

    /// <summary>Why it cannot be tried here; null when it can.</summary>
    internal Func<ChaosWorld, string?> CannotBe { get; init; } = _ => null;

    /// <summary>Everything starts anew: its limit is that of a cold start.</summary>
    internal bool ColdStart { get; init; }

    internal TimeSpan Bound(ChaosSettings settings) => ColdStart
        ? ChaosSettings.ColdStartMax
        : ChaosSettings.RecoveryMax + (RuledBy?.Invoke(settings).Time ?? TimeSpan.Zero);
}

/// <summary>One fault as it happens.</summary>
internal sealed class Strike(PlannedFault fault, TimeProvider clock)
{
    private long? _endedAt;

    internal PlannedFault Fault => fault;

    internal SplitMix Random { get; } = new(fault.Seed);

    /// <summary>What it hit, in words.</summary>
    internal string On { get; set; } = "";

    /// <summary>Replicas that cannot answer while it lasts.</summary>
    internal HashSet<string> Silenced { get; } = new(StringComparer.Ordinal);

    /// <summary>Recovery counts from here: where it was undone, for a kill from the signal.</summary>
    internal long EndedAt => _endedAt ?? clock.GetTimestamp();

    internal void EndsNow() => _endedAt = clock.GetTimestamp();

    /// <summary>Begins it, lets it last, and undoes it whatever comes between; then it ends.</summary>
    internal async Task LastAsync(
        string on, TimeSpan length, Func<Task> begin, Func<Task> undo, CancellationToken cancellation)
    {
        On = $"{on} for {length.TotalSeconds:0.0} s".TrimStart();
        await begin();
        try
        {
            await Task.Delay(length, clock, cancellation);
        }
        finally
        {
            await undo();
            EndsNow();
        }
    }

    /// <summary>A length between the two, drawn.</summary>
    internal TimeSpan Seconds(double least, double most) =>
        TimeSpan.FromSeconds(least + (most - least) * Random.NextDouble());
}
