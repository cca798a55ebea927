using StackExchange.Redis;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// The entries a worker has in hand: renewed while it works, settled one by one, and what is left when it is disposed
/// of goes back to the queue.
/// </summary>
internal sealed class HeldEntries : IAsyncDisposable
{
    private readonly PickingQueue _queue;
    private readonly HashSet<RedisValue> _open;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _done = new();
    private readonly Task _renewing;
    private bool _counted;

    internal HeldEntries(PickingQueue queue, IEnumerable<RedisValue> ids, TimeSpan renewEvery, TimeProvider clock)
    {
        _queue = queue;
        _open = [.. ids];
        _renewing = RenewAsync(renewEvery, clock);
    }

    /// <summary>Done with these: acknowledged and deleted.</summary>
    internal async Task SettleAsync(RedisValue[] ids)
    {
        await _queue.SettleAsync(ids);
        Leave(ids);
    }

    /// <summary>Leaves these pending without renewing them: they come again after the claim time.</summary>
    internal void Leave(RedisValue[] ids)
    {
        lock (_lock) _open.ExceptWith(ids);
    }

    /// <summary>What goes back has been tried, and this delivery counts.</summary>
    internal void CountDelivery() => _counted = true;

    public async ValueTask DisposeAsync()
    {
        await _done.CancelAsync();
        await _renewing;
        _done.Dispose();
        try
        {
            await _queue.HandBackAsync(Open(), _counted);
        }
        catch (Exception gone) when (gone is RedisException or TimeoutException)
        {
            // They stay pending, and are claimed when their time is over.
        }
    }

    private async Task RenewAsync(TimeSpan every, TimeProvider clock)
    {
        while (await clock.DelayOrStopAsync(every, _done.Token))
        {
            try
            {
                await _queue.RenewAsync(Open());
            }
            catch (Exception gone) when (gone is RedisException or TimeoutException)
            {
                // The next round may reach it; a claim by another only repeats work.
            }
        }
    }

    private RedisValue[] Open()
    {
        lock (_lock) return [.. _open];
    }
}
