using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Infra;

/// <summary>The list of warehouses makes an app, a rule and a database for each, from the one file.</summary>
public sealed class WarehousesTests
{
    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public async Task A_second_warehouse_has_its_own_app_rule_and_database_and_orders_knows_where_it_is(string size)
    {
        var copy = Bicep.Copy();
        try
        {
            await File.AppendAllTextAsync(
                Path.Combine(copy, $"{size}.bicepparam"), "\nparam warehouses = ['main', 'north']\n",
                TestContext.Current.CancellationToken);
            var (exitCode, output, error) = await Bicep.SnapshotAsync(copy, size, "overwrite");
            Assert.True(exitCode == 0, output + error);
            var expansion = new Expansion(JsonNode.Parse(await File.ReadAllTextAsync(
                Path.Combine(copy, $"{size}.snapshot.json"), TestContext.Current.CancellationToken))!.AsObject(), size);

            var (main, north) = (Scale(expansion, "picking"), Scale(expansion, "picking-north"));
            Assert.Equal("picking:north:orders", Stream(north));
            Assert.Equal("picking:main:orders", Stream(main));
            north["rules"]![0]!["custom"]!["metadata"]!["stream"] = Stream(main);
            Assert.True(JsonNode.DeepEquals(main, north)); // the tested rule, on another queue

            Assert.Equal("north", Setting(expansion, "picking-north", "Warehouse__Id"));
            Assert.Contains("pickingdb-north", Setting(expansion, "picking-north", "ConnectionStrings__pickingdb"),
                StringComparison.Ordinal);
            Assert.Contains(expansion.OfType("Microsoft.DBforPostgreSQL/flexibleServers/databases"), database =>
                ((string)database["name"]!).EndsWith("/pickingdb-north", StringComparison.Ordinal));
            Assert.Contains("containerApps/picking-north", Setting(expansion, "orders", "Picking__north__Url"),
                StringComparison.Ordinal);
            Assert.Contains("containerApps/picking'", Setting(expansion, "orders", "Picking__main__Url"),
                StringComparison.Ordinal);
            // azd deploys by this tag, and must find one app.
            Assert.Single(expansion.OfType("Microsoft.App/containerApps"), app =>
                (string?)app["tags"]!["azd-service-name"] == "picking");
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private static JsonObject Scale(Expansion expansion, string app) =>
        expansion.App(app)["properties"]!["template"]!["scale"]!.AsObject();

    private static string Stream(JsonObject scale) => (string)scale["rules"]![0]!["custom"]!["metadata"]!["stream"]!;

    private static string Setting(Expansion expansion, string app, string name) =>
        (string)expansion.App(app)["properties"]!["template"]!["containers"]![0]!["env"]!.AsArray()
            .Single(setting => (string?)setting!["name"] == name)!["value"]!;
}
