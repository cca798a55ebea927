using Fulfillment.Surge.Load;
using Npgsql;
using Spectre.Console;

namespace Fulfillment.Surge;

/// <summary>Shows how far a run is: one line that changes on a terminal, a line now and then elsewhere.</summary>
internal static class LiveProgress
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan InLog = TimeSpan.FromSeconds(10);

    /// <summary>What was sent, and the releases in ordersdb; returns when cancelled.</summary>
    internal static Task ShowAsync(
        NpgsqlDataSource ordersDb, Acknowledgements acknowledged, int ordersToSend, TimeProvider clock,
        CancellationToken cancellation) =>
        ShowAsync(
            async token =>
            {
                var counts = await Patience.ReadAsync(
                    again => ReleaseCounts.ReadAsync(ordersDb, again), clock, token);
                return $"sent {acknowledged.Sent:N0} of {ordersToSend:N0}, accepted {acknowledged.Accepted:N0}; "
                    + $"releases {counts}";
            },
            clock, cancellation);

    /// <summary>Returns when cancelled.</summary>
    internal static async Task ShowAsync(
        Func<CancellationToken, Task<string>> howFar, TimeProvider clock, CancellationToken cancellation)
    {
        try
        {
            if (AnsiConsole.Profile.Capabilities.Interactive)
                await AnsiConsole.Status().StartAsync(
                    "sending", status => ShowAsync(OnTerminal, line => status.Status = line));
            else
                await ShowAsync(InLog, Console.WriteLine);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The run is over.
        }

        async Task ShowAsync(TimeSpan every, Action<string> show)
        {
            using var timer = new PeriodicTimer(every, clock);
            while (await timer.WaitForNextTickAsync(cancellation)) show(await howFar(cancellation));
        }
    }
}
