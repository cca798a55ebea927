using System.CommandLine;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Wire;
using Spectre.Console;

namespace Fulfillment.Surge;

/// <summary>surge up: the whole system with a demo client, until Ctrl+C.</summary>
internal static class UpCommand
{
    internal const string DemoClient = "acme";
    private static readonly string[] DemoClients = [DemoClient, "brandb"];
    private const int DemoSkus = 20;
    private const int DemoStock = 1000;
    private const int Pickers = 5;

    private static readonly Option<bool> WithFloor = new("--floor")
    {
        Description = "Pickers who work 100 times faster than people",
    };

    private static readonly Option<FileInfo?> Json = new("--json")
    {
        Description = "Write addresses, keys and process ids to this file when all is ready; gone at the end",
    };

    internal static Command Create()
    {
        var command = new Command("up", "Start everything with a demo client, until Ctrl+C.")
        {
            WithFloor, Json,
        };
        SystemOptions.AddTo(command);
        command.SetAction((parsed, cancellation) => ExitCodes.GuardAsync(() => RunAsync(
            SystemOptions.Read(parsed), parsed.GetValue(WithFloor), parsed.GetValue(Json), TimeProvider.System,
            cancellation)));
        return command;
    }

    internal static async Task<int> RunAsync(
        EmbeddedOptions options, bool withFloor, FileInfo? json, TimeProvider clock, CancellationToken cancellation)
    {
        await using var system = await EmbeddedSystem.StartAsync(
            options, clock,
            what => AnsiConsole.MarkupLineInterpolated($"[grey]starting {what}[/]"), cancellation);
        using var orders = new ServiceApi(system.Orders.Select(child => child.Url!));
        using var picking = new ServiceApi(system.Picking.Select(child => child.Url!));
        var keys = await Stocking.StockAsync(
            new(system.Keys.Operator, system.WarehouseId), orders, picking, Demo(), shortPercent: 0, seed: 1,
            cancellation);
        if (json is not null) await UpFile.Of(system, keys).WriteAsync(json.FullName, cancellation);
        Describe(system, keys);
        try
        {
            if (!withFloor) await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
            await new SimulatedFloor(picking, system.Keys.Floor, new PickingTimes(100), clock)
                .RunAsync(Pickers, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Ctrl+C is how it is meant to end.
        }
        finally
        {
            if (json is not null) File.Delete(json.FullName); // nothing it names is there any more
        }

        AnsiConsole.MarkupLine("[grey]stopping[/]");
        return 0;
    }

    // One order of each that is never sent: its lines are what the stock is made for.
    private static Workload Demo()
    {
        var lines = Enumerable.Range(1, DemoSkus).Select(number => new PlannedLine($"SKU-{number:D4}", DemoStock))
            .ToList();
        return new Workload(
            DemoClients, [.. DemoClients.Select(client => new PlannedOrder(TimeSpan.Zero, client, "stock", lines))]);
    }

    private static void Describe(EmbeddedSystem system, Dictionary<string, string> clientKeys)
    {
        // Plain lines: a terminal must not break what is to be copied.
        Console.WriteLine($"""

            Orders      {string.Join(' ', system.Orders.Select(child => child.Url))}
            Picking     {string.Join(' ', system.Picking.Select(child => child.Url))}
            ordersdb    {system.OrdersDb}
            pickingdb   {system.PickingDb}
            Redis       {system.Redis}
            logs        {system.Folder}
            keys        operator {system.Keys.Operator}
                        lead     {system.Keys.Lead}
                        floor    {system.Keys.Floor}
            {Lines(clientKeys)}

            The first order ({DemoSkus} SKUs from SKU-0001 on have {DemoStock} units each):

            {Curl(system.Orders.First().Url!, clientKeys[DemoClient])}

            Ctrl+C stops everything.
            """);
    }

    private static string Lines(Dictionary<string, string> clientKeys) => string.Join(
        Environment.NewLine, clientKeys.Select(client => $"            {client.Key,-8} {client.Value}"));

    private static string Curl(string orders, string key) =>
        $"curl -s -X POST {orders}/orders -H '{Keys.Header}: {key}' -H 'Content-Type: application/json' -d '{Order()}'";

    private static string Order() => System.Text.Json.JsonSerializer.Serialize(
        new PlaceOrder(
            "first-order", [new OrderLine("SKU-0001", 2), new OrderLine("SKU-0002", 1)], "Standard", "FillAll",
            new ShipTo("A. Shopper", "1 High Street", "10115", "Berlin", "DE")),
        ServiceApi.Json);
}
