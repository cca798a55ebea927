namespace Fulfillment.Planning.Batching;

/// <summary>The planner's own random numbers: xoshiro256** (Blackman and Vigna 2021, doi 10.1145/3460772).</summary>
internal struct Draw
{
    private ulong _a, _b, _c, _d;

    internal Draw(ulong seed)
    {
        _a = Spread(ref seed);
        _b = Spread(ref seed);
        _c = Spread(ref seed);
        _d = Spread(ref seed);
    }

    internal ulong Next()
    {
        var result = ulong.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = ulong.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A number in [0, limit).</summary>
    internal int Below(int limit) => (int)((Next() >> 32) * (ulong)limit >> 32);

    private static ulong Spread(ref ulong seed)
    {
        seed += 0x9E3779B97F4A7C15;
        var z = seed;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
}
