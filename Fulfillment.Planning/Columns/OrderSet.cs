using System.Numerics;

namespace Fulfillment.Planning.Columns;

/// <summary>A set of at most 128 orders, by their places.</summary>
internal readonly record struct OrderSet(ulong Low, ulong High)
{
    internal const int Most = 128;

    internal static OrderSet Empty => default;

    internal bool IsEmpty => (Low | High) == 0;

    internal int Count => BitOperations.PopCount(Low) + BitOperations.PopCount(High);

    /// <summary>The place of the first order; 128 when there is none.</summary>
    internal int First => Low != 0 ? BitOperations.TrailingZeroCount(Low) : 64 + BitOperations.TrailingZeroCount(High);

    internal OrderSet WithoutFirst => Low != 0 ? new(Low & (Low - 1), High) : new(0, High & (High - 1));

    internal static OrderSet Of(int order) => order < 64 ? new(1UL << order, 0) : new(0, 1UL << order);

    /// <summary>The orders 0 to count - 1.</summary>
    internal static OrderSet All(int count) => new(Ones(count), Ones(count - 64));

    internal bool Holds(int order) => ((order < 64 ? Low : High) >> order & 1) == 1;

    internal bool Meets(OrderSet other) => ((Low & other.Low) | (High & other.High)) != 0;

    public static OrderSet operator |(OrderSet a, OrderSet b) => new(a.Low | b.Low, a.High | b.High);

    public static OrderSet operator &(OrderSet a, OrderSet b) => new(a.Low & b.Low, a.High & b.High);

    /// <summary>The first without the second.</summary>
    public static OrderSet operator -(OrderSet a, OrderSet b) => new(a.Low & ~b.Low, a.High & ~b.High);

    private static ulong Ones(int count) => count <= 0 ? 0 : count >= 64 ? ulong.MaxValue : (1UL << count) - 1;
}
