using Fulfillment.ServiceDefaults.DataStores;
using Fulfillment.ServiceDefaults.Outages;

namespace Fulfillment.ServiceDefaults;

/// <summary>
/// Runs a service so that a wrong setting ends it with one line and exit code 1, not with a stack trace.
/// </summary>
public static class ServiceHost
{
    /// <summary>
    /// The command line for <c>CreateSlimBuilder</c>. Settings are read once, so no file is watched: the watch is on
    /// the whole content root, folder by folder, before anything else is done.
    /// </summary>
    public static string[] Arguments(string[] given) => ["--hostBuilder:reloadConfigOnChange=false", .. given];

    public static async Task<int> RunAsync(Func<Task> service)
    {
        ArgumentNullException.ThrowIfNull(service);
        try
        {
            await service();
            return 0;
        }
        catch (Exception wrong) when (wrong
            is WrongSettingException or MissingSystemDataException or MigrationException)
        {
            await Console.Error.WriteLineAsync(wrong.Message);
            return 1;
        }
        catch (Exception lost) when (StoreFault.StoreOf(lost) is not null)
        {
            await Console.Error.WriteLineAsync($"{StoreFault.StoreOf(lost)} failed: {StoreFault.LineOf(lost)}");
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 0; // told to stop while it waited for its stores
        }
    }
}
