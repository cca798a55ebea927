namespace Fulfillment.Picking;

/// <summary>FNV-1a, 64 bits (draft-eastlake-fnv): the same on every machine and in every version of .NET.</summary>
internal static class Fnv1a
{
    internal const ulong Start = 14_695_981_039_346_656_037UL;

    /// <summary>The hash after these bytes, going on from <paramref name="hash"/>.</summary>
    internal static ulong Add(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var unit in bytes) hash = unchecked((hash ^ unit) * 1_099_511_628_211UL);
        return hash;
    }
}
