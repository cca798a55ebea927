namespace Fulfillment.Surge.Load;

/// <summary>
/// SplitMix64 (Steele, Lea &amp; Flood 2014, doi:10.1145/2660193.2660195): the same numbers for a seed on every machine
/// and every version of .NET, which System.Random does not promise.
/// </summary>
internal sealed class SplitMix(ulong seed)
{
    private ulong _state = seed;

    internal ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>In [0, 1).</summary>
    internal double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>In [0, below).</summary>
    internal int Below(int below) => (int)(NextDouble() * below);

    /// <summary>The gap to the next arrival of a Poisson process of rate 1.</summary>
    internal double Gap() => -Math.Log(1 - NextDouble());
}
