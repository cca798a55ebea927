namespace Fulfillment.Hosting;

public static class Readiness
{
    public static readonly TimeSpan StartMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns when the child answers.</summary>
    /// <exception cref="HostingException">It ended, or took too long; its last lines are in the message.</exception>
    public static async Task WaitAsync(
        Child child, Func<CancellationToken, Task<bool>> answers, TimeProvider clock, CancellationToken cancellation)
    {
        var begun = clock.GetTimestamp();
        while (!await answers(cancellation))
        {
            if (!child.Running)
                throw new HostingException($"{child.Name} ended at its start:\n{await child.LastLinesAsync(10)}");
            if (clock.GetElapsedTime(begun) > StartMax)
                throw new HostingException(
                    $"{child.Name} is not ready after {StartMax.TotalSeconds} s:\n{await child.LastLinesAsync(10)}");
            await Task.Delay(Between, clock, cancellation);
        }
    }
}
