using System.CommandLine;
using Fulfillment.Surge.Hosting;

namespace Fulfillment.Surge;

/// <summary>The options that `up` and `run` share: what to start, and what is there already.</summary>
internal static class SystemOptions
{
    private static readonly Option<int> OrdersReplicas = new("--orders-replicas")
    {
        Description = "Processes of Orders", DefaultValueFactory = _ => 1,
    };

    private static readonly Option<int> PickingReplicas = new("--picking-replicas")
    {
        Description = "Processes of Picking", DefaultValueFactory = _ => 1,
    };

    private static readonly Option<string?> OrdersDb = new("--ordersdb") { Description = "Use this PostgreSQL database (empty or of an earlier run)" };
    private static readonly Option<string?> PickingDb = new("--pickingdb") { Description = "Use this PostgreSQL database" };
    private static readonly Option<string?> Redis = new("--redis") { Description = "Use this Redis, host:port" };

    internal static void AddTo(Command command)
    {
        foreach (var option in new Option[] { OrdersReplicas, PickingReplicas, OrdersDb, PickingDb, Redis }) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(OrdersReplicas) is < 1 or > 16) result.AddError("--orders-replicas must be between 1 and 16.");
            if (result.GetValue(PickingReplicas) is < 1 or > 64) result.AddError("--picking-replicas must be between 1 and 64.");
        });
    }

    internal static EmbeddedOptions Read(ParseResult parsed) => new()
    {
        OrdersReplicas = parsed.GetValue(OrdersReplicas),
        PickingReplicas = parsed.GetValue(PickingReplicas),
        OrdersDb = parsed.GetValue(OrdersDb),
        PickingDb = parsed.GetValue(PickingDb),
        Redis = parsed.GetValue(Redis),
    };
}
