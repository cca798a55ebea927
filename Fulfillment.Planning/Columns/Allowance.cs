namespace Fulfillment.Planning.Columns;

/// <summary>
/// Units that a step may take. Its own share depends on what was spent before and never on the budget; the budget only
/// cuts it off, so that a smaller budget walks the first part of the way of a larger one.
/// </summary>
internal readonly record struct Allowance(long ShareUntil, long BudgetUntil)
{
    internal bool IsSpent(long units) => units >= ShareUntil || units >= BudgetUntil;

    internal bool IsOver(long units) => units >= BudgetUntil;

    /// <summary>A part of what is left of the share, as far as the budget goes.</summary>
    internal long Part(long units, int divisor) =>
        Math.Max(0, Math.Min((ShareUntil - units) / divisor, BudgetUntil - units));

    internal long Budget(long units) => Math.Max(0, BudgetUntil - units);
}
