using Fulfillment.Orders.Archive;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Fulfillment.Tests.Orders.Archive;

/// <summary>What is moved, what stays, and what a crash in between leaves.</summary>
public class Moving(TestServers servers)
{
    private static readonly DateTimeOffset Shipped = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task What_has_rested_is_moved_and_what_is_a_microsecond_younger_stays()
    {
        await using var orders = await OpenAsync();
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        var (due, young) = (await ShipAsync(shop), await ShipAsync(shop));
        await ShippedAtAsync(shop, due, "2026-11-27 12:00:00+00");
        await ShippedAtAsync(shop, young, "2026-11-27 12:00:00.000001+00");

        Assert.Equal(1, await MoveAsync(orders, Shipped));

        Assert.Equal(1, await shop.CountAsync("past_orders", $"order_id = '{due}'"));
        Assert.Equal(1, await shop.CountAsync("orders", $"order_id = '{young}'"));
    }

    [Fact]
    public async Task A_batch_has_its_limit_and_the_oldest_go_first()
    {
        await using var orders = await OpenAsync();
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        Guid[] ids = [await ShipAsync(shop), await ShipAsync(shop), await ShipAsync(shop)];
        for (var i = 0; i < 3; i++) await ShippedAtAsync(shop, ids[i], $"2026-11-2{6 - i} 12:00:00+00");

        Assert.Equal(2, await MoveAsync(orders, Shipped, ordersMax: 2));
        Assert.Equal(1, await shop.CountAsync("orders", $"order_id = '{ids[0]}'"));
        Assert.Equal(1, await MoveAsync(orders, Shipped, ordersMax: 2));
        Assert.Equal(0, await MoveAsync(orders, Shipped, ordersMax: 2));
    }

    [Theory]
    [InlineData("UPDATE orders SET shipped_at = NULL")]
    [InlineData("UPDATE releases SET state = 'Waiting'")]
    [InlineData("UPDATE releases SET state = 'Failed'")]
    [InlineData("INSERT INTO backorders SELECT client_id, 'a', ship_by, order_id, 1, 1 FROM orders")]
    [InlineData("""
        INSERT INTO release_signals (client_id, order_id, release_no, signal_no, warehouse_id, kind, created_at)
        SELECT client_id, order_id, 1, 1, warehouse_id, 'hold', now() FROM orders
        """)]
    public async Task While_anything_of_it_is_open_it_stays(string change)
    {
        await using var orders = await OpenAsync();
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        var order = await ShipAsync(shop);
        await ShippedAtAsync(shop, order, "2026-11-26 12:00:00+00");
        await shop.ExecuteAsync(change);

        Assert.Equal(0, await MoveAsync(orders, Shipped));
    }

    [Fact]
    public async Task Somebody_who_works_on_an_order_keeps_it_for_this_time()
    {
        await using var orders = await OpenAsync();
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        var order = await ShipAsync(shop);
        await ShippedAtAsync(shop, order, "2026-11-26 12:00:00+00");
        await using var connection = await orders.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using (var working = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await using var hold = new Npgsql.NpgsqlCommand("SELECT 1 FROM orders FOR UPDATE", connection);
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, await MoveAsync(orders, Shipped));
        }

        Assert.Equal(1, await MoveAsync(orders, Shipped));
    }

    [Theory]
    [InlineData(MoveOrders.StopBeforeCommit, 1)]
    [InlineData(MoveOrders.StopAfterCommit, 0)]
    public async Task A_kill_leaves_an_order_where_it_was_or_where_it_belongs(string step, int there)
    {
        await using var orders = await OpenAsync();
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        var order = await ShipAsync(shop);
        var before = await shop.Http.GetStringAsync(new Uri($"/orders/{order}", UriKind.Relative));
        await orders.Service.DisposeAsync();
        (string, string)[] now = [("Archive:AfterDays", "0"), ("Archive:Interval", "00:00:00.2")];

        await using (var connection = await orders.Database.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            // It must be up before it has something to move.
            await using var hold = new Npgsql.NpgsqlCommand("SELECT 1 FROM orders FOR UPDATE", connection);
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            await orders.StartAsync([.. now, ("Fault:StopAt", step)]);
        }

        using var patience = new CancellationTokenSource(Eventually.Deadline);
        Assert.NotEqual(0, await orders.Service.WaitForExitAsync(patience.Token));

        foreach (var table in (string[])["orders", "order_lines", "releases", "allocations"])
            Assert.Equal(there, await shop.CountAsync(table));
        Assert.Equal(1 - there, await shop.CountAsync("past_orders"));
        await orders.StartAsync(now);
        await Eventually.HoldsAsync(async () => await shop.CountAsync("past_orders") == 1);
        Assert.Equal(0, await shop.CountAsync("orders"));
        using var http = orders.With(shop.Http.DefaultRequestHeaders.GetValues("X-Api-Key").Single());
        Assert.Equal(before, await http.GetStringAsync(new Uri($"/orders/{order}", UriKind.Relative)));
    }

    [Fact]
    public async Task Every_column_of_the_tables_of_work_is_kept_or_left_behind_on_purpose()
    {
        // The relay's own, and the trace of a request that nobody looks for any more.
        string[] left =
        [
            "orders.traceparent", "releases.warehouse_id", "releases.ship_by", "releases.created_at", "releases.start_tag",
            "releases.dispatched_at", "releases.published_at", "releases.stream_entry", "releases.feed_at",
            "release_signals.warehouse_id",
            "release_signals.published_at", "release_signals.stream_entry", "release_signals.traceparent",
        ];
        await using var orders = await OpenAsync();
        await using var command = orders.Database.CreateCommand("""
            SELECT table_name || '.' || column_name FROM information_schema.columns
            WHERE table_name IN ('orders', 'order_lines', 'releases', 'allocations', 'holds', 'release_signals')
              AND column_name NOT IN ('client_id', 'order_id')
            """);
        await using var row = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var lost = new List<string>();
        while (await row.ReadAsync(TestContext.Current.CancellationToken))
        {
            var (name, column) = (row.GetString(0), row.GetString(0).Split('.')[1]);
            var kept = name.StartsWith("orders.", StringComparison.Ordinal) ? $"o.{column}" : $"'{column}'";
            if (!left.Contains(name) && !MoveOrders.WriteSql.Contains(kept, StringComparison.Ordinal)) lost.Add(name);
        }

        Assert.Empty(lost);
    }

    [Theory]
    [InlineData("AfterDays", "0")]
    [InlineData("AfterDays", "3650")]
    [InlineData("BatchMax", "1")]
    [InlineData("BatchMax", "5000")]
    [InlineData("Pause", "00:00:00")]
    public void The_limits_themselves_are_allowed(string name, string value) =>
        Assert.NotNull(ArchiveOptions.From(Settings(name, value)));

    [Theory]
    [InlineData("AfterDays", "-1", "Archive:AfterDays")]
    [InlineData("AfterDays", "3651", "Archive:AfterDays")]
    [InlineData("BatchMax", "0", "Archive:BatchMax")]
    [InlineData("BatchMax", "5001", "Archive:BatchMax")]
    [InlineData("Pause", "-00:00:01", "Archive:Pause")]
    [InlineData("Interval", "00:00:00", "Archive:Interval")]
    [InlineData("Interval", "soon", "Archive:Interval")]
    public void A_wrong_setting_is_named(string name, string value, string setting) => Assert.Equal(
        setting, Assert.Throws<WrongSettingException>(() => ArchiveOptions.From(Settings(name, value))).Setting);

    private static IConfigurationRoot Settings(string name, string value) => new ConfigurationBuilder()
        .AddInMemoryCollection([KeyValuePair.Create($"Archive:{name}", (string?)value)]).Build();

    private async Task<OrdersFixture> OpenAsync()
    {
        var orders = new OrdersFixture(servers);
        await orders.InitializeAsync();
        return orders;
    }

    private static async Task<Guid> ShipAsync(Shop shop)
    {
        await shop.ReceiveAsync("a", 1);
        var order = await shop.PlaceAsync();
        await shop.ExecuteAsync($"""
            UPDATE allocations SET picked = quantity WHERE order_id = '{order}';
            UPDATE stock SET on_hand = on_hand - 1, reserved = reserved - 1 WHERE client_id = '{shop.Id}' AND sku = 'a';
            UPDATE releases SET state = 'Picked', picked_at = now() WHERE order_id = '{order}'
            """);
        Assert.Equal(200, (int)(await shop.ShipAsync(order)).StatusCode);
        return order;
    }

    private static Task ShippedAtAsync(Shop shop, Guid order, string at) =>
        shop.ExecuteAsync($"UPDATE orders SET shipped_at = '{at}' WHERE order_id = '{order}'");

    private static async Task<int> MoveAsync(OrdersFixture orders, DateTimeOffset overBefore, int ordersMax = 100)
    {
        return await MoveOrders.MoveAsync(
            await Leaders.RaiseAsync(orders.Database, "archive"), overBefore, ordersMax, overBefore, StopAt.Nowhere, CancellationToken.None);
    }
}
