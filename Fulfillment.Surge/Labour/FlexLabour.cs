namespace Fulfillment.Surge.Labour;

/// <summary>
/// How many hands there are. Times are seconds of the day, not of a compressed run. Nobody is called where
/// <paramref name="MostTimes"/> is 1.
/// </summary>
/// <param name="Regular">Pickers who are there anyway.</param>
/// <param name="MostTimes">All together at most so many times the regular ones.</param>
/// <param name="CallWhenSeconds">Work in hand for those present and called beyond which more are called.</param>
/// <param name="CallInSeconds">From the call to the first tour.</param>
/// <param name="ShiftSecondsMin">What one who came is paid for at least.</param>
internal sealed record LabourPolicy(
    int Regular, double MostTimes = 1, double CallWhenSeconds = 1_800, double CallInSeconds = 2_700,
    double ShiftSecondsMin = 14_400)
{
    /// <summary>The flex policy of the matrix: call-in 45 min, a shift of at least 4 h, at most three times.</summary>
    internal static LabourPolicy Flex(int regular) => new(regular, 3);

    internal int Most => (int)(Regular * MostTimes);
}

/// <summary>The policy at work: looks at the work in hand, calls people in, and counts who is there. Pure.</summary>
internal sealed class FlexLabour(LabourPolicy policy)
{
    private readonly List<(double ComeAt, int Count)> _calls = [];

    /// <summary>Regular ones and those who have come.</summary>
    internal int PresentAt(double second) =>
        policy.Regular + _calls.Where(call => call.ComeAt <= second).Sum(call => call.Count);

    internal int Called => _calls.Sum(call => call.Count);

    /// <summary>When each of them is there, seconds of the day; the regular ones from the beginning.</summary>
    internal IEnumerable<double> Comings => Enumerable.Repeat(0.0, policy.Regular)
        .Concat(_calls.SelectMany(call => Enumerable.Repeat(call.ComeAt, call.Count)));

    /// <summary>One look at the floor; calls in as many as bring the work in hand down to the threshold.</summary>
    /// <param name="second">Of the day.</param>
    /// <param name="workSeconds">Picker-seconds of everything planned and not picked.</param>
    internal void Look(double second, double workSeconds)
    {
        var hands = policy.Regular + Called;
        if (hands >= policy.Most || workSeconds <= hands * policy.CallWhenSeconds) return;
        var wanted = (int)Math.Ceiling(workSeconds / policy.CallWhenSeconds);
        _calls.Add((second + policy.CallInSeconds, Math.Min(wanted, policy.Most) - hands));
    }

    /// <summary>
    /// Picker-seconds paid until the work ends at <paramref name="end"/>: regular ones all the time, each who was
    /// called from his coming to the end, and at least his shift.
    /// </summary>
    internal double PaidSeconds(double end) =>
        (policy.Regular * end)
        + _calls.Sum(call => call.Count * Math.Max(policy.ShiftSecondsMin, end - call.ComeAt));
}
