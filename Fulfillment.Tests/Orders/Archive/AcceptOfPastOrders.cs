using Fulfillment.Orders.Archive;
using Fulfillment.Orders.PlaceOrder;
using Fulfillment.ServiceDefaults;
using Fulfillment.Tests.Orders.PlaceOrder;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Orders.Archive;

/// <summary>An id is its client's for ever, whenever the archiver comes by.</summary>
public class AcceptOfPastOrders(WriterFixture intake) : IClassFixture<WriterFixture>
{
    private static readonly DateTimeOffset Now = new(2026, 12, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_repeat_gets_the_first_answer_and_another_body_is_refused()
    {
        var first = await PlaceAsync("long-past");
        await CloseAsync();
        Assert.Equal(1, await MoveAsync());
        await intake.ExecuteAsync("UPDATE stock SET on_hand = 10");

        var (repeat, other) = (WriterFixture.NewOrder("long-past"), WriterFixture.NewOrder("long-past", quantity: 2));
        var fresh = WriterFixture.NewOrder("new beside it", quantity: 3);
        await intake.NewWriter(new Warnings()).WriteAsync([fresh, repeat], CancellationToken.None);
        await intake.NewWriter(new Warnings()).WriteAsync([other], CancellationToken.None);

        Assert.Equal((PlaceResult.Repeated, first), ((await repeat.Outcome).Result, (await repeat.Outcome).Answer));
        Assert.Equal(PlaceResult.Reused, (await other.Outcome).Result);
        Assert.Equal(PlaceResult.Placed, (await fresh.Outcome).Result);
        Assert.Equal(0, await CountAsync("orders", "long-past"));
        Assert.Equal(1, await CountAsync("orders", "new beside it"));
        Assert.Equal(3, await intake.CountAsync("SELECT sum(reserved)::bigint FROM stock"));
        Assert.Equal(0, await intake.CountAsync(
            "SELECT count(*) FROM order_lines WHERE NOT EXISTS (SELECT FROM orders WHERE orders.order_id = order_lines.order_id)"));
        await intake.ExecuteAsync("UPDATE stock SET on_hand = reserved");
    }

    [Fact]
    public async Task An_insert_that_waits_for_the_archiver_finds_what_it_left()
    {
        var first = await PlaceAsync("waits");
        await CloseAsync();
        // The archiver has deleted the order and waits for its signals: it has not committed.
        await using var blocker = await intake.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var blocking = await blocker.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await RunAsync(blocker, "LOCK TABLE release_signals IN SHARE MODE");
        var moving = MoveAsync();
        await WaitersAsync(1);
        var repeat = WriterFixture.NewOrder("waits");
        var writing = intake.NewWriter(new Warnings()).WriteAsync([repeat], CancellationToken.None);
        await WaitersAsync(2);

        await blocking.CommitAsync(TestContext.Current.CancellationToken);
        await writing;

        Assert.Equal(1, await moving);
        Assert.Equal((PlaceResult.Repeated, first), ((await repeat.Outcome).Result, (await repeat.Outcome).Answer));
        Assert.Equal((0, 1), (await CountAsync("orders", "waits"), await CountAsync("past_orders", "waits")));
    }

    [Fact]
    public async Task An_insert_that_lost_against_the_order_finds_it_after_it_was_moved()
    {
        var first = await PlaceAsync("lost");
        await CloseAsync();
        // The repeat has lost its insert and waits for the stock, before it reads what it lost against.
        await using var blocker = await intake.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var blocking = await blocker.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await RunAsync(blocker, "SELECT 1 FROM stock WHERE sku = 'a' FOR UPDATE");
        var repeat = WriterFixture.NewOrder("lost");
        var writing = intake.NewWriter(new Warnings()).WriteAsync([repeat], CancellationToken.None);
        await WaitersAsync(1);
        Assert.Equal(1, await MoveAsync());

        await blocking.CommitAsync(TestContext.Current.CancellationToken);
        await writing;

        Assert.Equal((PlaceResult.Repeated, first), ((await repeat.Outcome).Result, (await repeat.Outcome).Answer));
        Assert.Equal((0, 1), (await CountAsync("orders", "lost"), await CountAsync("past_orders", "lost")));
    }

    [Fact]
    public async Task Repeats_and_the_archiver_at_once_never_make_a_second_order()
    {
        const int Orders = 60;
        var warnings = new Warnings();
        string[] ids = [.. Enumerable.Range(0, Orders).Select(i => $"at-once-{i:00}")];
        NewOrder[] first = [.. ids.Select(id => WriterFixture.NewOrder(id))];
        await intake.NewWriter(warnings).WriteAsync(first, CancellationToken.None);
        await CloseAsync();

        var moving = Task.Run(async () =>
        {
            for (var moved = 0; moved < Orders;) moved += await MoveAsync(ordersMax: 3);
        });
        var repeats = await Task.WhenAll(Enumerable.Range(0, 2).Select(writer => Task.Run(async () =>
        {
            var sent = new List<NewOrder>();
            for (var round = 0; round < 10 || !moving.IsCompleted; round++)
            {
                NewOrder[] group = [.. ids.Select(id => WriterFixture.NewOrder(id))];
                await intake.NewWriter(warnings).WriteAsync(writer == 0 ? group : [.. group.Reverse()], CancellationToken.None);
                sent.AddRange(group);
            }

            return sent;
        })));
        await moving;

        Assert.Empty(warnings.Seen);
        var answers = new Dictionary<string, PlacedOrder>();
        foreach (var order in first) answers.Add(order.ClientOrderId, (await order.Outcome).Answer!);
        foreach (var order in repeats.SelectMany(sent => sent))
            Assert.Equal((PlaceResult.Repeated, answers[order.ClientOrderId]), ((await order.Outcome).Result, (await order.Outcome).Answer));
        Assert.Equal(0, await intake.CountAsync("SELECT count(*) FROM orders WHERE client_order_id LIKE 'at-once-%'"));
        Assert.Equal(Orders, await intake.CountAsync("SELECT count(*) FROM past_orders WHERE client_order_id LIKE 'at-once-%'"));
    }

    private async Task<PlacedOrder> PlaceAsync(string id)
    {
        var order = WriterFixture.NewOrder(id);
        await intake.NewWriter(new Warnings()).WriteAsync([order], CancellationToken.None);
        var placed = await order.Outcome;
        Assert.Equal(PlaceResult.Placed, placed.Result);
        return placed.Answer!;
    }

    // All of the open ones: nothing is in stock, so they wait for it and are cancelled.
    private Task CloseAsync() => intake.ExecuteAsync("""
        UPDATE order_lines SET cancelled = quantity WHERE order_id IN (SELECT order_id FROM backorders);
        UPDATE orders SET cancelled_at = placed_at WHERE order_id IN (SELECT order_id FROM backorders);
        DELETE FROM backorders
        """);

    private async Task<int> MoveAsync(int ordersMax = 100)
    {
        var leader = await Leaders.RaiseAsync(intake.Database, "archive");
        return await MoveOrders.MoveAsync(leader, Now, ordersMax, Now, StopAt.Nowhere, CancellationToken.None);
    }

    private Task WaitersAsync(int count) => Eventually.HoldsAsync(async () => await intake.CountAsync(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == count);

    private Task<long> CountAsync(string table, string id) =>
        intake.CountAsync($"SELECT count(*) FROM {table} WHERE client_order_id = '{id}'");

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
