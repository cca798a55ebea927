using System.Data.Common;
using Fulfillment.Picking.Retention;
using Fulfillment.Picking.Tours;
using StackExchange.Redis;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// Runs the worker and what has to be done every few seconds beside it, and takes the worker's leave at the end.
/// </summary>
internal sealed partial class IntakeLoops(
    IntakeWorker worker, PickingQueue queue, ExpireLeases leases, DeleteOld old, PickingSettings settings,
    TimeProvider clock, ILogger<IntakeLoops> log) : BackgroundService
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var beating = EveryAsync(settings.HeartbeatEvery, queue.BeatAsync, stoppingToken);
        var sweeping = EveryAsync(settings.SweepEvery, SweepAsync, stoppingToken);
        var expiring = EveryAsync(settings.LeaseSweepEvery, () => leases.ExpireAsync(stoppingToken), stoppingToken);
        var deleting = EveryAsync(
            TimeSpan.FromSeconds(settings.RetentionEverySeconds), () => old.RunAsync(stoppingToken), stoppingToken);
        await WorkAsync(stoppingToken);
        await Task.WhenAll(beating, sweeping, expiring, deleting);
        await GuardAsync(queue.LeaveAsync);
    }

    private async Task WorkAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var poll = Poll.Again;
            var went = await GuardAsync(async () => poll = await worker.PollOnceAsync(stopping));
            if (!went) await clock.DelayOrStopAsync(AfterFailure, stopping);
            else if (poll == Poll.Idle) await clock.DelayOrStopAsync(settings.QueueIdle, stopping);
        }
    }

    private async Task EveryAsync(TimeSpan period, Func<Task> work, CancellationToken stopping)
    {
        do await GuardAsync(work);
        while (await clock.DelayOrStopAsync(period, stopping));
    }

    private async Task SweepAsync()
    {
        var orphans = await queue.RequeueOrphansAsync();
        if (orphans > 0) OrphansRequeued(log, orphans);
        await queue.DeleteDeadConsumersAsync();
    }

    /// <summary>
    /// False when a store was lost: the loop goes on when it is back. A bug is logged as one, and goes on too.
    /// </summary>
    private async Task<bool> GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (Exception lost) when (lost is DbException or RedisException or TimeoutException)
        {
            StoreLost(log, lost);
            return false;
        }
        catch (BrokenStoreException broken)
        {
            StoreBroken(log, broken.Message);
            return false;
        }
        catch (OperationCanceledException)
        {
            return false; // told to stop
        }
#pragma warning disable CA1031 // The worker is what this process is for: it must not end while the floor is served.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            LoopFailed(log, bug);
            return false;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "A store does not do what it should, trying again")]
    private static partial void StoreLost(ILogger log, Exception problem);

    [LoggerMessage(2, LogLevel.Information, "{Orphans} orphaned entries were put into the queue again")]
    private static partial void OrphansRequeued(ILogger log, int orphans);

    [LoggerMessage(3, LogLevel.Error, "The worker failed, and goes on")]
    private static partial void LoopFailed(ILogger log, Exception bug);

    [LoggerMessage(4, LogLevel.Error, "Nothing can be planned, and no release is to blame: {Problem}")]
    private static partial void StoreBroken(ILogger log, string problem);
}
