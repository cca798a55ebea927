namespace Fulfillment.Planning.Routing;

/// <summary>Sets of picked bays.</summary>
internal static class Mask
{
    internal static void Add(Span<ulong> mask, ReadOnlySpan<ulong> other)
    {
        for (var i = 0; i < mask.Length; i++) mask[i] |= other[i];
    }
}
