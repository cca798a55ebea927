using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Infra;

/// <summary>Every rule holds of dev and prod as they are, and each is seen to fail when something is spoilt.</summary>
public sealed class DeploymentTests
{
    private static readonly Dictionary<string, Func<Expansion, IEnumerable<string>>> Rules = new()
    {
        ["the scale block is the tested rule"] = DeploymentRules.ScaleIsTheTestedRule,
        ["scale rules work in Container Apps"] = DeploymentRules.ScaleRulesWorkInContainerApps,
        ["no output tells a secret"] = DeploymentRules.NoOutputTellsASecret,
        ["no secret is written down"] = DeploymentRules.NoSecretIsWrittenDown,
        ["everything is encrypted"] = DeploymentRules.EverythingIsEncrypted,
        ["no transaction is forgotten"] = DeploymentRules.NoTransactionIsForgotten,
        ["stores are private"] = DeploymentRules.StoresArePrivate,
        ["Entra is the only way in"] = DeploymentRules.EntraIsTheOnlyWayIn,
        ["containers are probed, limited and not root"] = DeploymentRules.ContainersAreKept,
        ["roles are least"] = DeploymentRules.RolesAreLeast,
        ["databases are apart"] = DeploymentRules.DatabasesAreApart,
        ["full scale fits"] = DeploymentRules.FullScaleFits,
        ["azd finds its own"] = DeploymentRules.AzdFindsItsOwn,
        ["names fit"] = DeploymentRules.NamesFit,
        ["alerts watch"] = DeploymentRules.AlertsWatch,
    };

    // dev shares one server between the services, and mails nobody before its first deploy.
    private static readonly HashSet<string> OnlyInProd = ["databases are apart", "alerts watch"];

    private static readonly (string Rule, string What, Action<Expansion> Spoil)[] CounterExamples =
    [
        ("the scale block is the tested rule", "another target", e => Rule(e, 0)["metadata"]!["streamLength"] = "12"),
        ("the scale block is the tested rule", "another maximum", e => Scale(e)["maxReplicas"] = 3),
        ("the scale block is the tested rule", "a rule less", e => Scale(e)["rules"]!.AsArray().RemoveAt(0)),
        ("the scale block is the tested rule", "a window nobody announced", e => Scale(e)["rules"]!.AsArray()
            .Add(Scale(e)["rules"]![0]!.DeepClone())),
        ("the scale block is the tested rule", "another scaler", e => Rule(e, 0)["type"] = "redis-cluster-streams"),
        ("the scale block is the tested rule", "something more", e => Rule(e, 0)["metadata"]!["lagCount"] = "5"),
        ("scale rules work in Container Apps", "a number", e => Rule(e, 0)["metadata"]!["streamLength"] = 120),
        ("scale rules work in Container Apps", "an identity", e => Rule(e, 0)["identity"] = "id-picking"),
        ("scale rules work in Container Apps", "a group", e => Rule(e, 0)["metadata"]!["consumerGroup"] = "picking"),
        ("scale rules work in Container Apps", "no address", e => Rule(e, 0)["metadata"]!.AsObject().Remove("address")),
        ("scale rules work in Container Apps", "no key", e => Rule(e, 0)["auth"]![0]!["secretRef"] = "redis-key"),
        ("scale rules work in Container Apps", "no TLS", e => Rule(e, 0)["metadata"]!["enableTLS"] = "false"),
        ("no output tells a secret", "a store's key", e => e.Outputs["REDIS"] = "[listKeys('redis').primaryKey]"),
        ("no output tells a secret", "an API key", e => e.Outputs["KEY"] = "[parameters('serviceKey')]"),
        ("no secret is written down", "a literal",
            e => Secrets(e, "orders")[0]!["value"] = "service.abcdefghijklmnopqrstuvwxyz"),
        ("no secret is written down", "a store's key", e => Secrets(e, "orders")[0]!["value"] = "[listKeys('redis')]"),
        ("no secret is written down", "a password",
            e => Setting(e, "orders", "ConnectionStrings__ordersdb")["value"] = "Host=h;Password=p"),
        ("everything is encrypted", "plain HTTP", e => Configuration(e, "orders")["ingress"]!["allowInsecure"] = true),
        ("everything is encrypted", "plain peers",
            e => Properties(e, "Microsoft.App/managedEnvironments").Remove("peerTrafficConfiguration")),
        ("everything is encrypted", "TLS 1.1",
            e => Properties(e, "Microsoft.Cache/redisEnterprise")["minimumTlsVersion"] = "1.1"),
        ("everything is encrypted", "plain Redis",
            e => Properties(e, "Microsoft.Cache/redisEnterprise/databases")["clientProtocol"] = "Plaintext"),
        ("everything is encrypted", "TLS 1.1",
            e => Properties(e, "Microsoft.DBforPostgreSQL/flexibleServers/configurations")["value"] = "TLSv1.1"),
        ("everything is encrypted", "no SSL mode",
            e => Setting(e, "orders", "ConnectionStrings__ordersdb")["value"] = "Host=h;Database=d"),
        ("no transaction is forgotten", "for ever",
            e => e.OfType("Microsoft.DBforPostgreSQL/flexibleServers/configurations")
                .First(one => ((string)one["name"]!).EndsWith("session_timeout", StringComparison.Ordinal))
                ["properties"]!["value"] = "0"),
        ("stores are private", "a public server",
            e => Properties(e, Postgres)["network"]!["publicNetworkAccess"] = "Enabled"),
        ("stores are private", "a public Redis",
            e => Properties(e, "Microsoft.Cache/redisEnterprise")["publicNetworkAccess"] = "Enabled"),
        ("stores are private", "no endpoint", e => Remove(e, "Microsoft.Network/privateEndpoints")),
        ("stores are private", "a firewall rule",
            e => Add(e, new() { ["type"] = $"{Postgres}/firewallRules", ["name"] = "all" })),
        ("Entra is the only way in", "passwords",
            e => Properties(e, Postgres)["authConfig"]!["passwordAuth"] = "Enabled"),
        ("Entra is the only way in", "an admin user",
            e => Properties(e, "Microsoft.ContainerRegistry/registries")["adminUserEnabled"] = true),
        ("Entra is the only way in", "no token", e => Setting(e, "picking", "Azure__UseEntra")["name"] = "Azure__Off"),
        ("Entra is the only way in", "a stranger",
            e => Remove(e, "Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments")),
        ("containers are probed, limited and not root", "no liveness",
            e => Container(e, "orders")["probes"]!.AsArray().RemoveAt(1)),
        ("containers are probed, limited and not root", "no limits", e => Container(e, "orders").Remove("resources")),
        ("containers are probed, limited and not root", "odd memory",
            e => Container(e, "orders")["resources"]!["memory"] = "3Gi"),
        ("containers are probed, limited and not root", "root", e => Container(e, "orders")["image"] = "nginx:latest"),
        ("containers are probed, limited and not root", "a wrong port",
            e => Container(e, "orders")["probes"]![0]![Ask(e)]!["port"] = 80),
        ("containers are probed, limited and not root", "no time to stop",
            e => Template(e, "orders").Remove("terminationGracePeriodSeconds")),
        ("roles are least", "Contributor",
            e => Properties(e, Role)["roleDefinitionId"] = "b24988ac-6180-42a0-ab88-20f7382dd24c"),
        ("roles are least", "one more", e => Add(e, e.OfType(Role).First().DeepClone().AsObject())),
        ("roles are least", "the resource group",
            e => e.OfType(Role).First()["id"] = "/subscriptions/s/resourceGroups/rg"),
        ("roles are least", "a shared identity",
            e => e.App("orders")["identity"] = e.App("picking")["identity"]!.DeepClone()),
        ("databases are apart", "a guest",
            e => Add(e, e.OfType($"{Postgres}/administrators").First().DeepClone().AsObject())),
        ("full scale fits", "a small server", e => e.OfType(Postgres).Last()["sku"]!["name"] = "Standard_B1ms"),
        ("full scale fits", "large replicas", e => Container(e, "picking")["resources"]!["cpu"] = 4m),
        ("azd finds its own", "no service", e => e.App("orders")["tags"]!.AsObject().Remove("azd-service-name")),
        ("azd finds its own", "no environment", e => e.OfType(Postgres).First().Remove("tags")),
        ("azd finds its own", "no registry", e => e.Outputs.Remove("AZURE_CONTAINER_REGISTRY_ENDPOINT")),
        ("names fit", "a long name", e => e.OfType(Postgres).First()["name"] = new string('p', 64)),
        ("names fit", "capitals", e => e.App("orders")["name"] = "Orders"),
        ("alerts watch", "one less", e => Remove(e, "Microsoft.Insights/scheduledQueryRules")),
        ("alerts watch", "one off", e => Properties(e, "Microsoft.Insights/scheduledQueryRules")["enabled"] = false),
        ("alerts watch", "nobody told",
            e => Properties(e, "Microsoft.Insights/metricAlerts")["actions"] = new JsonArray()),
        ("alerts watch", "a gap",
            e => Properties(e, "Microsoft.Insights/workbooks")["serializedData"] = "<PICKING_ID>"),
    ];

    private const string Postgres = "Microsoft.DBforPostgreSQL/flexibleServers";
    private const string Role = "Microsoft.Authorization/roleAssignments";

    public static TheoryData<string, string> RulesBySize() => new(
        from size in (string[])["dev", "prod"]
        from rule in Rules.Keys
        where size == "prod" || !OnlyInProd.Contains(rule)
        select (size, rule));

    public static TheoryData<string, int> SpoiltBySize() => new(
        from size in (string[])["dev", "prod"]
        from index in Enumerable.Range(0, CounterExamples.Length)
        where size == "prod" || !OnlyInProd.Contains(CounterExamples[index].Rule)
        select (size, index));

    [Theory]
    [MemberData(nameof(RulesBySize))]
    public void A_rule_holds(string size, string rule) => Assert.Empty(Rules[rule](Bicep.Committed(size)));

    [Theory]
    [MemberData(nameof(SpoiltBySize))]
    public void A_rule_notices_what_is_spoilt(string size, int counterExample)
    {
        var (rule, what, spoil) = CounterExamples[counterExample];

        Assert.True(Rules[rule](Bicep.Committed(size).Spoilt(spoil)).Any(), $"{what} went by unseen: {rule}");
    }

    [Fact]
    public void Every_rule_has_a_counter_example() =>
        Assert.Equal(Rules.Keys.Order(), CounterExamples.Select(one => one.Rule).Distinct().Order());

    private static JsonObject Properties(Expansion e, string type) => e.OfType(type).First()["properties"]!.AsObject();

    private static JsonObject Template(Expansion e, string app) => e.App(app)["properties"]!["template"]!.AsObject();

    private static JsonObject Configuration(Expansion e, string app) =>
        e.App(app)["properties"]!["configuration"]!.AsObject();

    private static JsonArray Secrets(Expansion e, string app) => Configuration(e, app)["secrets"]!.AsArray();

    private static JsonObject Container(Expansion e, string app) => Template(e, app)["containers"]![0]!.AsObject();

    private static JsonObject Scale(Expansion e) => Template(e, "picking")["scale"]!.AsObject();

    private static JsonObject Rule(Expansion e, int index) => Scale(e)["rules"]![index]!["custom"]!.AsObject();

    private static string Ask(Expansion e) =>
        Container(e, "orders")["probes"]![0]!.AsObject().ContainsKey("tcpSocket") ? "tcpSocket" : "httpGet";

    private static JsonObject Setting(Expansion e, string app, string name) => Container(e, app)["env"]!.AsArray()
        .Select(one => one!.AsObject()).Single(one => (string?)one["name"] == name);

    private static void Remove(Expansion e, string type) =>
        e.Json["predictedResources"]!.AsArray().Remove(e.OfType(type).First());

    private static void Add(Expansion e, JsonObject resource) => e.Json["predictedResources"]!.AsArray().Add(resource);
}
