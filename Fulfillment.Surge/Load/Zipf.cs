namespace Fulfillment.Surge.Load;

/// <summary>Ranks 0..count-1, drawn with a chance of 1 / (rank + 1)^exponent.</summary>
internal sealed class Zipf
{
    private readonly double[] _cumulative;

    internal Zipf(int count, double exponent)
    {
        _cumulative = new double[count];
        var sum = 0.0;
        for (var rank = 0; rank < count; rank++) _cumulative[rank] = sum += Math.Pow(rank + 1, -exponent);
    }

    internal int Draw(SplitMix random)
    {
        var found = Array.BinarySearch(_cumulative, random.NextDouble() * _cumulative[^1]);
        return Math.Min(found < 0 ? ~found : found + 1, _cumulative.Length - 1);
    }
}
