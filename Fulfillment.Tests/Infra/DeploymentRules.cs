using System.Text.Json.Nodes;

namespace Fulfillment.Tests.Infra;

/// <summary>What must hold of every deployment. Each rule names its faults; none means that it holds.</summary>
internal static partial class DeploymentRules
{
    private const string AcrPull = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

    /// <summary>Outputs are addresses and names: no key, no connection string, no secure parameter.</summary>
    internal static IEnumerable<string> NoOutputTellsASecret(Expansion expansion) =>
        from output in expansion.Outputs
        let text = TextOf(output.Value)
        where text.Contains("listKeys", StringComparison.OrdinalIgnoreCase)
            || text.Contains("key'", StringComparison.OrdinalIgnoreCase)
            || text.Contains("ConnectionString", StringComparison.OrdinalIgnoreCase)
            || text.Contains("password", StringComparison.OrdinalIgnoreCase)
            || text.Contains("secret", StringComparison.OrdinalIgnoreCase)
        select $"output {output.Key} is {text}";

    /// <summary>Secrets are references or secure parameters, settings hold none, and only the scaler has a store's
    /// key.</summary>
    internal static IEnumerable<string> NoSecretIsWrittenDown(Expansion expansion)
    {
        foreach (var app in expansion.OfType("Microsoft.App/containerApps"))
        {
            foreach (var secret in app["properties"]!["configuration"]!["secrets"]!.AsArray())
            {
                var value = TextOf(secret!["value"]);
                if (!value.Contains("parameters('", StringComparison.Ordinal)
                    && !value.Contains("listKeys(", StringComparison.Ordinal))
                    yield return $"{secret["name"]} of {app["name"]} is written down";
                if (value.Contains("listKeys(", StringComparison.Ordinal) && (string?)app["name"] != "picking")
                    yield return $"{app["name"]} has a store's key and no scaler that needs it";
            }
        }

        foreach (var setting in expansion.Containers.SelectMany(container => container["env"]!.AsArray()))
        {
            var value = TextOf(setting!["value"]);
            if (value.Contains("listKeys(", StringComparison.Ordinal)
                || value.Contains("password", StringComparison.OrdinalIgnoreCase)
                || setting["secretRef"] is { } secret
                    && ((string)secret!).StartsWith("redis", StringComparison.Ordinal))
            {
                yield return $"setting {setting["name"]} hands a store's key to the service";
            }
        }
    }

    /// <summary>TLS 1.2 or later at every door, and inside the environment too.</summary>
    internal static IEnumerable<string> EverythingIsEncrypted(Expansion expansion)
    {
        foreach (var app in expansion.OfType("Microsoft.App/containerApps"))
        {
            if ((bool?)app["properties"]!["configuration"]!["ingress"]!["allowInsecure"] != false)
                yield return $"{app["name"]} answers plain HTTP";
        }

        foreach (var environment in expansion.OfType("Microsoft.App/managedEnvironments"))
        {
            if ((bool?)environment["properties"]!["peerTrafficConfiguration"]?["encryption"]?["enabled"] != true)
                yield return "apps talk to each other in the clear";
        }

        foreach (var redis in expansion.OfType("Microsoft.Cache/redisEnterprise"))
        {
            if ((string?)redis["properties"]!["minimumTlsVersion"] != "1.2") yield return "Redis takes an old TLS";
        }

        foreach (var database in expansion.OfType("Microsoft.Cache/redisEnterprise/databases"))
        {
            if ((string?)database["properties"]!["clientProtocol"] != "Encrypted")
                yield return "Redis takes plain text";
        }

        foreach (var server in expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers").Select(one =>
            (string)one["name"]!))
        {
            var settings = expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers/configurations")
                .ToDictionary(one => (string)one["name"]!, one => (string?)one["properties"]!["value"]);
            if (settings.GetValueOrDefault($"{server}/ssl_min_protocol_version") is not ("TLSv1.2" or "TLSv1.3"))
                yield return $"{server} takes an old TLS";
            if (settings.GetValueOrDefault($"{server}/require_secure_transport") != "on")
                yield return $"{server} takes plain text";
        }

        foreach (var setting in expansion.Containers.SelectMany(container => container["env"]!.AsArray()))
        {
            var value = TextOf(setting!["value"]);
            if (value.Contains("Database=", StringComparison.Ordinal)
                && !value.Contains("SSL Mode=VerifyFull", StringComparison.Ordinal)
                || (string?)setting["name"] == "ConnectionStrings__redis"
                    && !value.Contains("ssl=true", StringComparison.Ordinal))
            {
                yield return $"{setting["name"]} does not insist on TLS";
            }
        }
    }

    /// <summary>A transaction that somebody forgot ends by itself: it would hold back the event feed.</summary>
    internal static IEnumerable<string> NoTransactionIsForgotten(Expansion expansion)
    {
        var ended = expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers/configurations")
            .Where(one => (string?)one["properties"]!["value"] is not ("0" or null)).Select(one => (string)one["name"]!);
        return expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers")
            .Select(server => $"{server["name"]}/idle_in_transaction_session_timeout").Except(ended)
            .Select(missing => $"{missing} is not set");
    }

    /// <summary>Stores have no public address, and each has a private one.</summary>
    internal static IEnumerable<string> StoresArePrivate(Expansion expansion)
    {
        var reached = expansion.OfType("Microsoft.Network/privateEndpoints")
            .SelectMany(one => one["properties"]!["privateLinkServiceConnections"]!.AsArray())
            .Select(one => (string?)one!["properties"]!["privateLinkServiceId"]).ToHashSet();
        foreach (var server in expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers"))
        {
            if ((string?)server["properties"]!["network"]?["publicNetworkAccess"] != "Disabled")
                yield return $"{server["name"]} is public";
            if (!reached.Contains((string?)server["id"])) yield return $"{server["name"]} has no private endpoint";
        }

        foreach (var redis in expansion.OfType("Microsoft.Cache/redisEnterprise"))
        {
            if ((string?)redis["properties"]!["publicNetworkAccess"] != "Disabled")
                yield return $"{redis["name"]} is public";
            if (!reached.Contains((string?)redis["id"])) yield return $"{redis["name"]} has no private endpoint";
        }

        foreach (var hole in expansion.Resources.Where(one =>
            ((string)one["type"]!).EndsWith("/firewallRules", StringComparison.Ordinal)))
            yield return $"{hole["name"]} opens a firewall";
    }

    /// <summary>Entra signs in, passwords and shared keys do not; Redis keeps its key for the scaler alone.</summary>
    internal static IEnumerable<string> EntraIsTheOnlyWayIn(Expansion expansion)
    {
        foreach (var server in expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers"))
        {
            var authentication = server["properties"]!["authConfig"];
            if ((string?)authentication?["passwordAuth"] != "Disabled")
                yield return $"{server["name"]} takes passwords";
            if ((string?)authentication?["activeDirectoryAuth"] != "Enabled")
                yield return $"{server["name"]} takes no Entra token";
            if (server["properties"]!["administratorLoginPassword"] is not null)
                yield return $"{server["name"]} has a password";
        }

        foreach (var registry in expansion.OfType("Microsoft.ContainerRegistry/registries"))
        {
            if ((bool?)registry["properties"]!["adminUserEnabled"] != false)
                yield return "the registry has an admin user";
        }

        foreach (var workspace in expansion.OfType("Microsoft.OperationalInsights/workspaces"))
        {
            if ((bool?)workspace["properties"]!["features"]?["disableLocalAuth"] != true)
                yield return "the workspace has a key";
        }

        foreach (var container in expansion.Containers)
        {
            var settings = container["env"]!.AsArray().Select(one => (string?)one!["name"]).ToHashSet();
            if (!settings.IsSupersetOf(["Azure__UseEntra", "AZURE_CLIENT_ID"]))
                yield return $"{container["name"]} does not use Entra";
        }

        foreach (var app in expansion.OfType("Microsoft.App/containerApps"))
        {
            if (app["properties"]!["configuration"]!["registries"]!.AsArray().Any(one =>
                one!["passwordSecretRef"] is not null))
                yield return $"{app["name"]} pulls with a password";
        }

        var users = expansion.OfType("Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments").Count();
        if (users != 2) yield return $"{users} identities may use Redis, not two";
    }

    /// <summary>An identity may pull images from our registry, and nothing else; each app wears its own.</summary>
    internal static IEnumerable<string> RolesAreLeast(Expansion expansion)
    {
        var roles = expansion.OfType("Microsoft.Authorization/roleAssignments").ToList();
        if (roles.Count != 2) yield return $"{roles.Count} role assignments, not one for each app";
        foreach (var role in roles)
        {
            var definition = TextOf(role["properties"]!["roleDefinitionId"]);
            if (!definition.EndsWith(AcrPull, StringComparison.Ordinal))
                yield return $"{definition} is more than pulling images";
            var id = TextOf(role["id"]);
            if (!id.Contains("/Microsoft.ContainerRegistry/registries/", StringComparison.Ordinal))
                yield return $"{id} reaches beyond the registry";
            if ((string?)role["properties"]!["principalType"] != "ServicePrincipal")
                yield return $"{id} is for no service";
        }

        foreach (var app in expansion.OfType("Microsoft.App/containerApps"))
        {
            var worn = app["identity"]?["userAssignedIdentities"]?.AsObject().Select(one => one.Key).ToList() ?? [];
            if (worn is not [var one] || !one.EndsWith($"/id-{app["name"]}", StringComparison.Ordinal))
                yield return $"{app["name"]} wears {string.Join(", ", worn)}";
        }
    }

    /// <summary>In prod nobody can sign in to the server of the other service.</summary>
    internal static IEnumerable<string> DatabasesAreApart(Expansion expansion)
    {
        foreach (var server in expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers").Select(one =>
            (string)one["name"]!))
        {
            var databases = expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers/databases")
                .Count(one => ((string)one["name"]!).StartsWith($"{server}/", StringComparison.Ordinal));
            var services = expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers/administrators")
                .Count(one => TextOf(one["name"]).Contains($"'{server}'", StringComparison.Ordinal));
            if ((databases, services) != (1, 1))
                yield return $"{server} has {databases} databases and {services} services";
        }
    }

    /// <summary>azd finds what it made: the environment on everything that has tags, the service on each app.</summary>
    internal static IEnumerable<string> AzdFindsItsOwn(Expansion expansion)
    {
        foreach (var app in expansion.OfType("Microsoft.App/containerApps"))
        {
            if ((string?)app["tags"]?["azd-service-name"] != (string?)app["name"])
                yield return $"{app["name"]} is no service to azd";
        }

        foreach (var resource in expansion.Resources.Where(one => one["location"] is not null))
        {
            if (resource["tags"]?["azd-env-name"] is null)
                yield return $"{resource["name"]} lacks the environment's tag";
        }

        if (!expansion.Outputs.ContainsKey("AZURE_CONTAINER_REGISTRY_ENDPOINT"))
            yield return "azd does not know where to push";
    }

    /// <summary>Names that the whole world shares are made of the token alone, and short enough.</summary>
    internal static IEnumerable<string> NamesFit(Expansion expansion)
    {
        (string Type, int LengthMax)[] limits =
        [
            ("Microsoft.ContainerRegistry/registries", 50), ("Microsoft.DBforPostgreSQL/flexibleServers", 63),
            ("Microsoft.Cache/redisEnterprise", 60), ("Microsoft.App/containerApps", 32),
            ("Microsoft.App/managedEnvironments", 60), ("Microsoft.OperationalInsights/workspaces", 63),
        ];
        return from limit in limits
               from resource in expansion.OfType(limit.Type)
               let name = (string)resource["name"]!
               where name.Length > limit.LengthMax || name.Any(char.IsUpper)
               select $"{name} is no name for a {limit.Type}";
    }

    /// <summary>What must wake somebody, does: there is such a rule, and it is on once the services run.</summary>
    internal static IEnumerable<string> AlertsWatch(Expansion expansion)
    {
        var rules = expansion.Resources.Where(one => (string?)one["type"] is
            "Microsoft.Insights/scheduledQueryRules" or "Microsoft.Insights/metricAlerts").ToDictionary(one =>
                (string)one["name"]!);
        foreach (var name in (string[])
            ["backlog-age", "no-free-replica", "dead-letters", "orders-5xx", "picking-5xx", "scaler-failed",
                "metrics-silent", "feed-stopped", "releases-parked"])
        {
            if (!rules.TryGetValue(name, out var rule)) yield return $"nothing watches {name}";
            else if ((bool?)rule["properties"]!["enabled"] != true) yield return $"{name} is off";
            else if (rule["properties"]!["actions"]!.ToJsonString() is var actions
                && !actions.Contains("actionGroups/people", StringComparison.Ordinal))
                yield return $"{name} tells nobody";
        }

        if (!expansion.OfType("Microsoft.Insights/workbooks").Any(one =>
            !TextOf(one["properties"]!["serializedData"]).Contains('<')))
            yield return "there is no workbook, or one with gaps in it";
    }

    private static string TextOf(JsonNode? node) => node?.ToString() ?? "";
}
