namespace Fulfillment.Planning;

/// <summary>Which orders end late when tours are started in a given order, each by the picker who is free
/// first.</summary>
internal static class Schedule
{
    internal static long TourSeconds(FloorPace pace, long distanceMm, long picks) =>
        pace.SecondsPerTour + picks * pace.SecondsPerPick
        + (distanceMm + pace.WalkingMmPerSecond - 1) / pace.WalkingMmPerSecond;

    /// <summary>The end of every tour, in unix seconds.</summary>
    internal static long[] Ends(FloorPace pace, long now, IReadOnlyList<long> tourSeconds)
    {
        var ends = new long[tourSeconds.Count];
        var pickers = new PriorityQueue<int, (long FreeAt, int Picker)>();
        for (var p = 0; p < Math.Min(pace.Pickers, ends.Length); p++) pickers.Enqueue(p, (now, p));
        for (var t = 0; t < ends.Length; t++)
        {
            pickers.TryDequeue(out var picker, out var at);
            ends[t] = at.FreeAt + tourSeconds[t];
            pickers.Enqueue(picker, (ends[t], picker));
        }

        return ends;
    }
}
