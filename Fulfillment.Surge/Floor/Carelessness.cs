using Fulfillment.Surge.Load;

namespace Fulfillment.Surge.Floor;

/// <summary>Pickers who leave a cart where it stands, one stop in so many, and who press confirm twice.</summary>
internal sealed class Carelessness(int walkOffOneIn, int confirmTwiceOneIn, long seed)
{
    private readonly SplitMix _random = new((ulong)seed ^ 0xCA4E);
    private readonly Lock _gate = new(); // many pickers draw

    internal bool WalksOff() => Draw(walkOffOneIn);

    /// <summary>How often this confirm is sent.</summary>
    internal int Confirms() => Draw(confirmTwiceOneIn) ? 2 : 1;

    private bool Draw(int oneIn)
    {
        lock (_gate) return _random.Below(oneIn) == 0;
    }
}
