using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using Fulfillment.Surge.Wire;
using HdrHistogram;

namespace Fulfillment.Surge.Target;

/// <summary>
/// What a brand sees of its orders, asked over HTTP: when a sample of them is first seen planned and picked, and at the
/// end where every one of them stands. Times are as fine as <see cref="AskEvery"/>.
/// </summary>
internal sealed class FollowedOrders(
    ServiceApi orders, IReadOnlyDictionary<string, string> keys, Acknowledgements acknowledged, TimeProvider clock)
{
    /// <summary>Asking after every order would be a load of its own.</summary>
    internal const int SampleMax = 200;

    internal static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(250);
    private const int PageSize = 200;
    private const string Picked = "Picked";

    private static readonly TimeSpan ClockSkewMax = TimeSpan.FromMinutes(10);

    private readonly DateTimeOffset _begun = clock.GetUtcNow();

    private readonly LongHistogram _planned = new(1, 24 * 3_600_000_000L, 3);
    private readonly LongHistogram _picked = new(1, 24 * 3_600_000_000L, 3);
    private readonly HashSet<Guid> _taken = [];
    private readonly Dictionary<Guid, (Acknowledged Order, bool Planned)> _open = [];

    internal Percentiles? Confirm => RunFigures.Of(_planned);
    internal Percentiles? Pick => RunFigures.Of(_picked);

    /// <summary>Asks after every <paramref name="oneIn"/>th order until cancelled.</summary>
    internal async Task FollowAsync(int oneIn, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(AskEvery, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                foreach (var order in acknowledged.Orders)
                    if (_taken.Count < SampleMax && order.OrderId.GetHashCode() % oneIn == 0
                        && _taken.Add(order.OrderId))
                        _open.Add(order.OrderId, (order, false));
                await Parallel.ForEachAsync(
                    _open.Values.ToList(),
                    new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellation },
                    async (open, token) => Note(open, await StatusAsync(open.Order, token)));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The run is over.
        }
    }

    /// <summary>Where every order of this run stands, by its client's list; page after page.</summary>
    internal async Task<Dictionary<Guid, string>> StandingAsync(CancellationToken cancellation)
    {
        var ours = acknowledged.Orders.Select(order => order.OrderId).ToHashSet();
        var standing = new Dictionary<Guid, string>(ours.Count);
        // Ids grow with time (UUID version 7) and the list with them: what was there before this run is passed over.
        var start = Guid.CreateVersion7(_begun - ClockSkewMax);
        foreach (var key in keys.Values)
        {
            for (Guid? after = start; after is { } from;)
            {
                var page = await orders.GetAsync<OrderPage>(
                    $"/orders?after={from}&limit={PageSize}", key, cancellation);
                foreach (var order in page.Orders)
                    if (ours.Contains(order.OrderId)) standing.Add(order.OrderId, order.Status);
                after = page.Next;
            }
        }

        return standing;
    }

    private async Task<string?> StatusAsync(Acknowledged order, CancellationToken cancellation)
    {
        try
        {
            return (await orders.GetAsync<TrackedOrder>($"/orders/{order.OrderId}", keys[order.ClientId], cancellation))
                .Status;
        }
        catch (Exception busy) when (busy is HttpRequestException or ServiceRefusedException
            || (busy is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            return null; // asked again at the next tick; an order that is missing is found at the end
        }
    }

    private void Note((Acknowledged Order, bool Planned) open, string? status)
    {
        if (status is not ("Planned" or "Picking" or Picked or "Shipped")) return;
        var micros = Math.Max(1, (long)(clock.GetUtcNow() - open.Order.IntendedAt).TotalMicroseconds);
        lock (_open)
        {
            if (!open.Planned) _planned.RecordValue(micros);
            if (status is Picked or "Shipped")
            {
                _picked.RecordValue(micros);
                _open.Remove(open.Order.OrderId);
            }
            else _open[open.Order.OrderId] = (open.Order, true);
        }
    }
}
