using System.Text.Json;
using Fulfillment.Surge.Embedded;

namespace Fulfillment.Surge;

/// <summary>
/// What <c>up --json</c> tells a script about the system that it started. What is a warehouse's own stands under its
/// name; each process under the name of its log.
/// </summary>
internal sealed record UpFile(
    string Orders, IReadOnlyDictionary<string, string> Picking, string Redis, string Ordersdb,
    IReadOnlyDictionary<string, string> Pickingdb, string Logs, UpKeys Keys, IReadOnlyDictionary<string, int> Pids)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    internal static UpFile Of(EmbeddedSystem system, IReadOnlyDictionary<string, string> clientKeys) => new(
        system.Orders.First().Url!,
        new Dictionary<string, string> { [system.WarehouseId] = system.Floor.First().Url! },
        system.Redis, system.OrdersDb,
        new Dictionary<string, string> { [system.WarehouseId] = system.PickingDb },
        system.Folder,
        // All pickers share one key until a key is a picker.
        new UpKeys(
            system.Keys.Operator, system.Keys.Lead, system.Keys.Floor, system.Keys.Service,
            [.. Enumerable.Repeat(system.Keys.Floor, UpKeys.PickersMax)], clientKeys),
        system.Children.Where(child => child.Running).ToDictionary(child => child.Name, child => child.Pid!.Value));

    /// <summary>Whole or not at all: who waits for the file may read it as soon as it is there.</summary>
    internal async Task WriteAsync(string path, CancellationToken cancellation)
    {
        var beside = $"{path}.{Environment.ProcessId}";
        var ours = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        // It holds keys.
        if (!OperatingSystem.IsWindows()) ours.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var file = new FileStream(beside, ours))
        {
            await JsonSerializer.SerializeAsync(file, this, Json, cancellation);
        }

        File.Move(beside, path, overwrite: true);
    }
}

/// <summary>A key for each role, and one for each demo client.</summary>
internal sealed record UpKeys(
    string Operator, string Lead, string Picker, string Service, IReadOnlyList<string> Pickers,
    IReadOnlyDictionary<string, string> Clients)
{
    internal const int PickersMax = 20;
}
