namespace Fulfillment.Picking.Intake;

/// <summary>Waiting that a stop ends without an exception: for loops that have to tidy up.</summary>
internal static class Delays
{
    /// <summary>False when <paramref name="stopping"/> ended the wait.</summary>
    internal static async Task<bool> DelayOrStopAsync(this TimeProvider clock, TimeSpan delay,
        CancellationToken stopping)
    {
        try
        {
            await Task.Delay(delay, clock, stopping);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
