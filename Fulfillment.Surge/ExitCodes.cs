using Fulfillment.Surge.Hosting;
using Fulfillment.Surge.Wire;

namespace Fulfillment.Surge;

/// <summary>Turns what a user can mend into one line, and everything into an exit code.</summary>
internal static class ExitCodes
{
    internal const int Broken = 1;
    internal const int NotStarted = 2;
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
    }
}
