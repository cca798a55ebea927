using System.CommandLine;
using Fulfillment.Surge.Embedded;

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

    private static readonly Option<string[]> Set = new("--set")
    {
        Description = "A setting of the services, such as Effort:FullUnits=5000000; once for each. It wins over what "
            + "a run sets itself",
    };

    static SystemOptions()
    {
        OrdersReplicas.Bounded(1, 16);
        PickingReplicas.Bounded(1, 64);
        Set.Validators.Add(result =>
        {
            foreach (var given in result.GetValueOrDefault<string[]>() ?? [])
            {
                if (given.IndexOf('=') < 1) result.AddError($"--set takes Name=value; '{given}' has no name or no =.");
            }
        });
    }

    internal static void AddTo(Command command)
    {
        foreach (var option in new Option[] { OrdersReplicas, PickingReplicas, OrdersDb, PickingDb, Redis, Set })
            command.Add(option);
    }

    /// <summary>Only what is set of the services: for a command that decides itself what it starts.</summary>
    internal static void AddSettingsTo(Command command) => command.Add(Set);

    internal static EmbeddedOptions ReadSettings(ParseResult parsed) =>
        new() { Settings = Environment(parsed.GetValue(Set) ?? []) };

    internal static EmbeddedOptions Read(ParseResult parsed) => new()
    {
        OrdersReplicas = parsed.GetValue(OrdersReplicas),
        PickingReplicas = parsed.GetValue(PickingReplicas),
        OrdersDb = parsed.GetValue(OrdersDb),
        PickingDb = parsed.GetValue(PickingDb),
        Redis = parsed.GetValue(Redis),
        Settings = Environment(parsed.GetValue(Set) ?? []),
    };

    /// <summary>As environment variables; of one that is given twice, the last holds. Pure.</summary>
    internal static IReadOnlyDictionary<string, string> Environment(IEnumerable<string> given)
    {
        var settings = new Dictionary<string, string>();
        foreach (var (name, value) in given.Select(one => one.Split('=', 2)).Select(two => (two[0], two[1])))
            settings[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        return settings;
    }

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
