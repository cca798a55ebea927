namespace Fulfillment.Planning;

/// <summary>
/// How much work a search may do, in units of about ten nanoseconds, counted and never timed: the same budget and seed
/// give the same plan anywhere. A search of budget B walks the first half of the search of budget 2B.
/// </summary>
public readonly record struct Budget(long Units)
{
    /// <summary>Constructive planning with exact routes, no search to speak of.</summary>
    public static Budget Constructive { get; } = new(1);

    /// <summary>About 20 ms.</summary>
    public static Budget Quick { get; } = new(2_000_000);

    /// <summary>About one second.</summary>
    public static Budget Full { get; } = new(100_000_000);
}
