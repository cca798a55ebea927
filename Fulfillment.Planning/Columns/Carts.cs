namespace Fulfillment.Planning.Columns;

/// <summary>How many batches a plan has: at least so many, at most, or both.</summary>
internal readonly record struct Carts(int Count, bool IsAtLeast, bool IsAtMost)
{
    internal static Carts AtLeast(int count) => new(count, true, false);

    internal static Carts AtMost(int count) => new(count, false, true);

    internal static Carts Exactly(int count) => new(count, true, true);
}
