using Fulfillment.Picking;
using Fulfillment.Picking.Warehouse;
using Fulfillment.Planning;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Fulfillment.Tests.Picking.Warehouse;

public sealed class WarehouseTests(TestServers servers)
{
    [Fact]
    public void Without_a_setting_the_layout_is_ten_aisles_of_45_bays_on_both_sides()
    {
        var layout = LayoutFile.Read(Settings());
        Assert.Equal((10, 45, 2), (layout.Aisles, layout.Bays, layout.Definition.Sides));
        Assert.True(new Shelf(10, 45, "R").IsOn(layout));
        Assert.False(new Shelf(11, 45, "R").IsOn(layout));
        Assert.False(new Shelf(10, 46, "R").IsOn(layout));
        Assert.False(new Shelf(0, 1, "L").IsOn(layout));
        Assert.False(new Shelf(1, 1, "X").IsOn(layout));
    }

    [Theory]
    [InlineData("{ \"aisles\": 0 }")]
    [InlineData("{ \"aisels\": 3 }")]
    [InlineData("{ \"aisles\": ")]
    [InlineData("null")]
    [InlineData("{ \"blocks\": [null] }")]
    public void A_wrong_layout_file_is_named_in_one_line(string json)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, json);
            var wrong = Assert.Throws<WrongSettingException>(() => LayoutFile.Read(Settings((LayoutFile.Setting, path))));
            Assert.Contains("'Warehouse:Layout'", wrong.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', wrong.Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("Pool:OrdersMax", "0")]
    [InlineData("Pool:OrdersMax", "1001")]
    [InlineData("Cart:Lines", "many")]
    [InlineData("Warehouse:Id", "")]
    [InlineData("Claim:AfterMilliseconds", "2499")]
    public void A_setting_out_of_its_range_is_named(string name, string value) =>
        Assert.Equal(name, Assert.Throws<WrongSettingException>(() => PickingSettings.Read(Settings((name, value)))).Setting);

    [Fact]
    public void The_edges_of_the_ranges_are_taken()
    {
        var settings = PickingSettings.Read(Settings(("Pool:OrdersMax", "1000"), ("Claim:AfterMilliseconds", "2500")));
        Assert.Equal((1_000, TimeSpan.FromMilliseconds(2_500)), (settings.PoolOrdersMax, settings.ClaimAfter));
    }

    [Theory]
    [InlineData(10_000, true)]
    [InlineData(10_001, false)]
    public async Task A_call_puts_ten_thousand_slots_and_not_one_more(int count, bool taken)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        var slots = Enumerable.Range(0, count).Select(i => new SlotRequest("acme", $"S{i}", null, 1 + i % 10, 1 + i % 45, "L"));
        var put = await SlotEndpoints.PutAsync(
            [.. slots], bench.Database, bench.Settings, WarehouseLayout.Default, CancellationToken.None);
        Assert.Equal(taken, put.Result is Ok<SlotsPut>);
        Assert.Equal(taken ? count : 0, await bench.ScalarAsync<long>("SELECT count(*) FROM slots"));
    }

    [Fact]
    public async Task Slots_off_the_layout_or_there_twice_are_refused_by_their_place_and_none_is_put()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        SlotRequest[] slots =
        [
            new("acme", "A", 1, 1, 1, "L"), new("acme", "B", 1, 11, 1, "L"), new("acme", "A", null, 2, 2, "R"),
            new("acme", "C", 10, 1, 1, "L"), new("acme", "D\u0000", 1, 1, 1, "L"),
        ];
        var put = await SlotEndpoints.PutAsync(slots, bench.Database, bench.Settings, WarehouseLayout.Default, CancellationToken.None);
        var problem = Assert.IsType<JsonHttpResult<Problem>>(put.Result);
        Assert.Equal((422, "bad_slots"), (problem.StatusCode, problem.Value!.Code));
        Assert.Equal(["[1]", "[2]", "[3]", "[4]"], problem.Value.Errors!.Keys.Order());
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM slots"));
    }

    [Fact]
    public async Task A_slot_that_moved_is_where_the_next_tour_goes()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        await bench.SlotAsync("A", 4, 40, "R");
        await bench.PublishAsync(bench.Release(["A"]));
        await bench.DrainAsync();
        Assert.Equal(new Shelf(4, 40, "R"), (await bench.NextAsync("ann"))!.Tasks[0].Location);
    }

    private static IConfiguration Settings(params (string Name, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.ToDictionary(s => s.Name, s => (string?)s.Value)).Build();
}
