using Fulfillment.Hosting;
using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Load;

namespace Fulfillment.Surge.Report;

/// <summary>What did not go as it should and broke no invariant, in words for the report.</summary>
internal static class Complaints
{
    internal static List<string> Of(Acknowledgements acknowledged, SimulatedFloor? floor, IEnumerable<Child> children)
    {
        var words = new List<string>();
        foreach (var (code, example) in acknowledged.Refusals)
            words.Add($"Orders refused with {code}, such as {example}");
        if (floor is { Refused: > 0 })
            words.Add($"{floor.Refused} calls of the floor were refused, the last: {floor.LastRefusal}");
        words.AddRange(children.Where(child => child.LogOverflowed)
            .Select(child => $"{child.Name} printed {child.LogBytes:N0} bytes; what is over the cap was dropped."));
        return words;
    }
}
