using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fulfillment.ServiceDefaults.Outages;

/// <summary>
/// A question that a store answers at once when it is well. <paramref name="ThreadsMax"/>: how many threads its client
/// may block at worst.
/// </summary>
internal sealed record StoreProbe(string Store, int ThreadsMax, Func<IServiceProvider, Task> AskAsync);

/// <summary>
/// Asks each store once a second, whatever the requests do, and is the one that tells of an outage: one line when it
/// begins, one every ten seconds with the number of failures, one when it is over.
/// </summary>
internal sealed partial class StoreWatch(
    IEnumerable<StoreProbe> probes, StoreHealth stores, IServiceProvider services, TimeProvider clock,
    ILogger<StoreWatch> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(probes.Select(probe => WatchAsync(probe, stoppingToken)));

    private async Task WatchAsync(StoreProbe probe, CancellationToken stopping)
    {
        var state = stores.Of(probe.Store);
        ThreadPool.GetMinThreads(out var threads, out var ports);
        var asked = Task.CompletedTask;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (asked.IsCompleted) asked = probe.AskAsync(services);
                await asked.WaitAsync(Patience, clock, stopping);
                state.Answered();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (TimeoutException)
            {
                state.Failed($"no answer within {Patience.TotalSeconds:0} s", silent: true);
            }
#pragma warning disable CA1031 // Whatever keeps the store from answering, it does not answer.
            catch (Exception failed)
#pragma warning restore CA1031
            {
                state.Failed(StoreFault.LineOf(failed), silent: true);
            }

            if (state.TakeNews() is { } news) Tell(probe, news, threads, ports);
            await Task.Delay(Period, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Tell(StoreProbe probe, StoreNews news, int threads, int ports)
    {
        switch (news.Change)
        {
            case StoreChange.Away:
                // To give up a statement Npgsql 10 asks the server to cancel it, and blocks a thread until that answers
                // too (npgsql/npgsql#3277). A frozen server would so hold every thread of a small pool, and with them
                // the answers to all others. The pool may therefore make the threads at once; idle ones go by
                // themselves.
                ThreadPool.SetMinThreads(threads + probe.ThreadsMax, ports);
                Away(log, probe.Store, news.Problem);
                break;
            case StoreChange.StillAway:
                StillAway(log, probe.Store, (int)news.Lasted.TotalSeconds, news.Failures, news.Problem);
                break;
            default:
                ThreadPool.SetMinThreads(threads, ports);
                Back(log, probe.Store, (int)news.Lasted.TotalSeconds, news.Failures);
                break;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Store} is away: {Problem}")]
    private static partial void Away(ILogger log, string store, string problem);

    [LoggerMessage(
        2, LogLevel.Warning, "{Store} is away for {Seconds} s, {Failures} more failures, the last: {Problem}")]
    private static partial void StillAway(ILogger log, string store, int seconds, long failures, string problem);

    [LoggerMessage(3, LogLevel.Information, "{Store} is back after {Seconds} s and {Failures} failures")]
    private static partial void Back(ILogger log, string store, int seconds, long failures);
}

/// <summary>
/// Unhealthy until Postgres has answered once; from then on a store that is away is Degraded. All replicas share it, so
/// to take them out of the ingress would help nobody and answer nobody.
/// </summary>
internal sealed class StoreHealthCheck(StoreHealth stores, string store) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var state = stores.Of(store);
        return Task.FromResult(state switch
        {
            { HasAnswered: false } when store == StoreFault.Postgres =>
                HealthCheckResult.Unhealthy("has not answered yet"),
            { HasAnswered: false } => HealthCheckResult.Degraded("has not answered yet"),
            { IsAway: true, Answers: false } => HealthCheckResult.Degraded("does not answer"),
            { IsAway: true } => HealthCheckResult.Degraded("failed in the last ten seconds"),
            _ => HealthCheckResult.Healthy(),
        });
    }
}
