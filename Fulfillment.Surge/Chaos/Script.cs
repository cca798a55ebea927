using Fulfillment.Surge.Load;

namespace Fulfillment.Surge.Chaos;

/// <summary>One fault of a storm: its place in the script, what it is, and the numbers it draws.</summary>
internal readonly record struct PlannedFault(int No, string Kind, ulong Seed);

/// <summary>
/// The faults of a seed, decided before the storm begins. Round after round every kind comes once, shuffled anew, so
/// that a storm of any length has met all kinds equally often.
/// </summary>
internal static class Script
{
    internal static IEnumerable<PlannedFault> Draw(long seed, IReadOnlyList<string> kinds)
    {
        var random = new SplitMix((ulong)seed);
        for (var no = 1; ;)
        {
            var round = kinds.ToArray();
            for (var last = round.Length - 1; last > 0; last--)
            {
                var other = random.Below(last + 1);
                (round[last], round[other]) = (round[other], round[last]);
            }

            foreach (var kind in round) yield return new PlannedFault(no++, kind, random.Next());
        }
    }
}
