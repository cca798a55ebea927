using System.CommandLine;
using Fulfillment.Surge.Hosting;

namespace Fulfillment.Surge;

/// <summary>The options that `up` and `run` share: what to start, and what is there already.</summary>
internal static class SystemOptions
{
    private static readonly Option<int> OrdersReplicas = new("--orders-replicas")
    {
        Description = "Processes of Orders",
        DefaultValueFactory = _ => 1,
    };

    private static readonly Option<int> PickingReplicas = new("--picking-replicas")
    {
        Description = "Processes of Picking",
        DefaultValueFactory = _ => 1,
    };

    private static readonly Option<string?> OrdersDb = new("--ordersdb")
    { Description = "Use this PostgreSQL database (run needs an empty one)" };
    private static readonly Option<string?> PickingDb = new("--pickingdb")
    { Description = "Use this PostgreSQL database" };
    private static readonly Option<string?> Redis = new("--redis") { Description = "Use this Redis, host:port" };

    static SystemOptions()
    {
        OrdersReplicas.Bounded(1, 16);
        PickingReplicas.Bounded(1, 64);
    }

    internal static void AddTo(Command command)
    {
        foreach (var option in new Option[] { OrdersReplicas, PickingReplicas, OrdersDb, PickingDb, Redis })
            command.Add(option);
    }

    internal static EmbeddedOptions Read(ParseResult parsed) => new()
    {
        OrdersReplicas = parsed.GetValue(OrdersReplicas),
        PickingReplicas = parsed.GetValue(PickingReplicas),
        OrdersDb = parsed.GetValue(OrdersDb),
        PickingDb = parsed.GetValue(PickingDb),
        Redis = parsed.GetValue(Redis),
    };

    /// <summary>Refuses what lies outside, by the option's name.</summary>
    internal static void Bounded<T>(this Option<T> option, T least, T most) where T : IComparable<T> =>
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T>() is not { } value) return;
            if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
                result.AddError($"{option.Name} must be between {least} and {most}.");
        });

    /// <summary>The same for an option that may be left out.</summary>
    internal static void Bounded<T>(this Option<T?> option, T least, T most) where T : struct, IComparable<T> =>
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T?>() is not { } value) return;
            if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
                result.AddError($"{option.Name} must be between {least} and {most}.");
        });
}
