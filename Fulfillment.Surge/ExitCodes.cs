using Fulfillment.Hosting;
using Fulfillment.Surge.Wire;

namespace Fulfillment.Surge;

/// <summary>Turns what a user can mend into one line, and everything into an exit code.</summary>
internal static class ExitCodes
{
    internal const int Broken = 1;
    internal const int NotStarted = 2;
    internal const int NotRecovered = 3;
    internal const int HarnessFailed = 4;
    internal const int Interrupted = 130;

    internal static async Task<int> GuardAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception known) when (known is HostingException or ServiceRefusedException)
        {
            await Console.Error.WriteLineAsync(known.Message);
            return NotStarted;
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
#pragma warning disable CA1031 // whatever it was, it was ours: it must not look as if an invariant had broken
        catch (Exception failed)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync($"The harness failed: {failed}");
            return HarnessFailed;
        }
    }
}
