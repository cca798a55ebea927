using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fulfillment.Tests.Infra;

/// <summary>The rules about running: how many replicas, how large, how they are probed, what they add up to.</summary>
internal static partial class DeploymentRules
{
    private const string Placeholder = "mcr.microsoft.com/dotnet/samples:aspnetapp-chiseled";
    private const int CoresOfAnEnvironmentMax = 100; // the quota of a new subscription
    private const int PickingPoolMax = 2; // Fulfillment.Picking/Program.cs
    private const int OrdersPoolMax = 16; // Fulfillment.Orders/Program.cs

    // What Azure leaves for users: max_connections of the size, less the 15 it keeps for itself.
    private static readonly Dictionary<string, int> UserConnections = new()
    {
        ["Standard_B1ms"] = 35,
        ["Standard_B2s"] = 414,
        ["Standard_D2ds_v5"] = 844,
        ["Standard_D4ds_v5"] = 1703,
    };

    /// <summary>The scale block is scale-rules.json, rule for rule, its slots filled by what the environment announced;
    /// Bicep adds the address and the key, no more.</summary>
    internal static IEnumerable<string> ScaleIsTheTestedRule(Expansion expansion)
    {
        var file = JsonNode.Parse(File.ReadAllText(Path.Combine(Bicep.Folder,
            "scale-rules.json")))!["picking"]!.AsObject();
        var scale = expansion.App("picking")["properties"]!["template"]!["scale"]!.AsObject();
        foreach (var (name, value) in file.Where(one => one.Key != "rules"))
        {
            if (!JsonNode.DeepEquals(value, scale[name])) yield return $"{name} is {scale[name]}, tested is {value}";
        }

        var tested = Filled(file["rules"]!.AsArray(), expansion.Size);
        var deployed = scale["rules"]!.AsArray();
        if (tested.Count != deployed.Count)
            yield return $"{deployed.Count} rules are deployed, {tested.Count} are tested";
        foreach (var (left, right) in tested.Zip(deployed))
        {
            var plain = new JsonObject
            {
                ["name"] = right!["name"]?.DeepClone(),
                ["type"] = right["custom"]?["type"]?.DeepClone(),
                ["metadata"] = right["custom"]?["metadata"]?.DeepClone(),
            };
            (plain["metadata"] as JsonObject)?.Remove("address");
            if (!JsonNode.DeepEquals(left, plain))
                yield return $"deployed {plain.ToJsonString()}, tested {left!.ToJsonString()}";
        }
    }

    private static JsonArray Filled(JsonArray rules, string size)
    {
        var windows = JsonNode.Parse(File.ReadAllText(Path.Combine(Bicep.Folder, "windows", $"{size}.json")))!.AsObject();
        var filled = new JsonArray();
        foreach (var rule in rules.Select(one => one!.DeepClone().AsObject()))
        {
            var slot = rule.Remove("slot");
            if (slot && windows[(string)rule["name"]!] is null) continue;
            if (slot) rule["metadata"] = windows[(string)rule["name"]!]!.DeepClone();
            filled.Add(rule);
        }
        return filled;
    }

    /// <summary>Metadata is strings, the queue's rule finds and may read the queue, and no rule carries an
    /// identity.</summary>
    internal static IEnumerable<string> ScaleRulesWorkInContainerApps(Expansion expansion)
    {
        var app = expansion.App("picking")["properties"]!;
        var secrets = app["configuration"]!["secrets"]!.AsArray().Select(secret =>
            (string?)secret!["name"]).ToHashSet();
        foreach (var rule in app["template"]!["scale"]!["rules"]!.AsArray().Select(rule => rule!["custom"]!.AsObject()))
        {
            var type = (string?)rule["type"];
            if (rule.ContainsKey("identity")) yield return $"{type} carries an identity, which empties its metadata";
            foreach (var (key, value) in rule["metadata"]!.AsObject())
            {
                if (value?.GetValueKind() != JsonValueKind.String) yield return $"{type}: {key} is no string";
            }

            if (type != "redis-streams") continue;
            if (rule["metadata"]!["consumerGroup"] is not null)
                yield return "a consumer group turns the depth into a lag";
            if ((string?)rule["metadata"]!["enableTLS"] != "true")
                yield return "the scaler talks to Redis in the clear";
            if (!TextOf(rule["metadata"]!["address"]).Contains("10000", StringComparison.Ordinal))
                yield return "no address";
            if (rule["auth"] is not JsonArray { Count: 1 } auth || (string?)auth[0]!["triggerParameter"] != "password"
                || !secrets.Contains((string?)auth[0]!["secretRef"]))
            {
                yield return "the scaler's password is no secret of the app";
            }
        }
    }

    /// <summary>At full scale the pools fit the servers, and the cores fit the quota.</summary>
    internal static IEnumerable<string> FullScaleFits(Expansion expansion)
    {
        var picking = ReplicasMax(expansion, "picking");
        var orders = ReplicasMax(expansion, "orders");
        var servers = expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers").ToList();
        foreach (var server in servers)
        {
            var name = (string)server["name"]!;
            // A new revision runs beside the old one for a while: everything twice.
            var needed = 2 * ((name.Contains("picking", StringComparison.Ordinal)
                || servers.Count == 1 ? picking * PickingPoolMax : 0)
                + (name.Contains("orders", StringComparison.Ordinal)
                    || servers.Count == 1 ? orders * OrdersPoolMax : 0));
            var there = UserConnections.GetValueOrDefault((string)server["sku"]!["name"]!);
            if (needed > there) yield return $"{name} has {there} connections, full scale needs {needed}";
        }

        var cores = expansion.OfType("Microsoft.App/containerApps").Sum(app =>
            (decimal)app["properties"]!["template"]!["containers"]![0]!["resources"]!["cpu"]! * ReplicasMax(expansion,
                (string)app["name"]!));
        if (cores > CoresOfAnEnvironmentMax)
            yield return $"full scale needs {cores} cores, the quota is {CoresOfAnEnvironmentMax}";
    }

    /// <summary>Every container has its three probes, paired CPU and memory, a user that is not root, and time to
    /// stop.</summary>
    internal static IEnumerable<string> ContainersAreKept(Expansion expansion)
    {
        foreach (var app in expansion.OfType("Microsoft.App/containerApps"))
        {
            if ((int?)app["properties"]!["template"]!["terminationGracePeriodSeconds"] is not 30)
                yield return $"{app["name"]} does not have 30 s to stop";
        }

        foreach (var container in expansion.Containers)
        {
            var name = container["name"];
            var probes = container["probes"]?.AsArray() ?? [];
            if (!probes.Select(one =>
                (string?)one!["type"]).Order().SequenceEqual(["Liveness", "Readiness", "Startup"]))
                yield return $"{name} lacks a probe";
            var image = TextOf(container["image"]);
            // The placeholder listens on the port and knows no path of ours; what is deployed knows both.
            var asks = image == Placeholder ? "tcpSocket" : "httpGet";
            if (!probes.All(one => (int?)one![asks]?["port"] == 8080))
                yield return $"{name} would not survive its probes";
            if (image != Placeholder && !image.StartsWith("[reference('", StringComparison.Ordinal))
                yield return $"{name} runs {image}, which nobody here knows to be without root";
            var cores = (decimal?)container["resources"]?["cpu"] ?? 0;
            var memory = TextOf(container["resources"]?["memory"]);
            if (cores <= 0 || memory != $"{(cores * 2).ToString("0.##", CultureInfo.InvariantCulture)}Gi")
                yield return $"{name} has {cores} cores and {memory}, which Consumption does not offer";
        }
    }

    private static int ReplicasMax(Expansion expansion, string app) =>
        (int)expansion.App(app)["properties"]!["template"]!["scale"]!["maxReplicas"]!;
}
