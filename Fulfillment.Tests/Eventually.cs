using System.Diagnostics;

namespace Fulfillment.Tests;

/// <summary>Waits for a condition by asking again, with a generous deadline: no test waits for a time to pass.</summary>
public static class Eventually
{
    /// <summary>How long anything is waited for before the test fails.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public static async Task HoldsAsync(
        Func<Task<bool>> condition,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "")
    {
        ArgumentNullException.ThrowIfNull(condition);
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > Deadline) throw new TimeoutException($"Not within {Deadline.TotalSeconds:0} s: {what}");
            await Task.Delay(Pause, TimeProvider.System, CancellationToken.None);
        }
    }
}
