namespace Fulfillment.Orders.States;

/// <summary>Where a release is. Stored under its name in releases.state.</summary>
internal enum ReleaseState
{
    Waiting,
    Dispatched,
    Planned,
    Picking,
    Picked,
    Cancelled,
    Failed,
}

/// <summary>What can happen to a release.</summary>
internal enum ReleaseTrigger
{
    /// <summary>The relay marks it for the stream.</summary>
    Dispatch,

    /// <summary>Picking has put it on tours.</summary>
    Plan,

    /// <summary>Some of its lines are picked or short.</summary>
    Pick,

    /// <summary>The last of its lines is picked or short.</summary>
    Finish,

    /// <summary>It will not be picked: cancelled here before dispatch, or given back by Picking.</summary>
    Cancel,

    /// <summary>It is in Picking's dead letters; sending it again makes a new release.</summary>
    Fail,
}

/// <summary>The one table of what may follow what. Pure; everyone who changes releases.state asks it first.</summary>
internal static class ReleaseStates
{
    /// <summary>The code of the 409 that an illegal transition answers.</summary>
    internal const string IllegalTransition = "illegal_transition";

    /// <summary>False when the trigger is illegal in this state; <paramref name="to"/> is then unchanged.</summary>
    internal static bool TryMove(ReleaseState from, ReleaseTrigger trigger, out ReleaseState to)
    {
        var next = (from, trigger) switch
        {
            (ReleaseState.Waiting, ReleaseTrigger.Dispatch) => ReleaseState.Dispatched,
            // A failed one is parked, still with its stock: a cancel, or a late answer to one, gives that back.
            (ReleaseState.Waiting or ReleaseState.Dispatched or ReleaseState.Failed, ReleaseTrigger.Cancel) =>
                ReleaseState.Cancelled,
            (ReleaseState.Dispatched, ReleaseTrigger.Plan) => ReleaseState.Planned,
            (ReleaseState.Dispatched, ReleaseTrigger.Fail) => ReleaseState.Failed,
            (ReleaseState.Planned or ReleaseState.Picking, ReleaseTrigger.Pick) => ReleaseState.Picking,
            (ReleaseState.Planned or ReleaseState.Picking, ReleaseTrigger.Finish) => ReleaseState.Picked,
            _ => (ReleaseState?)null,
        };
        to = next ?? from;
        return next is not null;
    }

    /// <summary>Nothing is done about it any more; a failed one waits for a person.</summary>
    internal static bool IsTerminal(ReleaseState state) =>
        state is ReleaseState.Picked or ReleaseState.Cancelled or ReleaseState.Failed;

    /// <summary>As stored. A switch and not Enum.ToString, which allocates and would follow a renaming.</summary>
    internal static string Name(ReleaseState state) => state switch
    {
        ReleaseState.Waiting => "Waiting",
        ReleaseState.Dispatched => "Dispatched",
        ReleaseState.Planned => "Planned",
        ReleaseState.Picking => "Picking",
        ReleaseState.Picked => "Picked",
        ReleaseState.Cancelled => "Cancelled",
        ReleaseState.Failed => "Failed",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    /// <summary>Reads what the database holds; its check constraint lets nothing else in.</summary>
    internal static ReleaseState Parse(string name) => name switch
    {
        "Waiting" => ReleaseState.Waiting,
        "Dispatched" => ReleaseState.Dispatched,
        "Planned" => ReleaseState.Planned,
        "Picking" => ReleaseState.Picking,
        "Picked" => ReleaseState.Picked,
        "Cancelled" => ReleaseState.Cancelled,
        "Failed" => ReleaseState.Failed,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };
}
