using Fulfillment.Orders.PlaceOrder;
using Xunit;

namespace Fulfillment.Tests.Orders.PlaceOrder;

public class Groups(WriterFixture intake) : IClassFixture<WriterFixture>
{
    [Fact]
    public async Task The_same_key_twice_in_a_group_is_one_order_and_another_body_is_refused()
    {
        var first = WriterFixture.NewOrder("twice");
        var repeat = WriterFixture.NewOrder("twice");
        var other = WriterFixture.NewOrder("twice", quantity: 2);
        await intake.NewWriter(new Warnings()).WriteAsync([first, repeat, other], CancellationToken.None);
        var (placed, repeated) = (await first.Outcome, await repeat.Outcome);
        Assert.Equal(PlaceResult.Placed, placed.Result);
        Assert.Equal(PlaceResult.Repeated, repeated.Result);
        Assert.Equal(placed.Answer, repeated.Answer);
        Assert.Equal(PlaceResult.Reused, (await other.Outcome).Result);
        Assert.Equal(1, await intake.CountAsync("SELECT count(*) FROM orders WHERE client_order_id = 'twice'"));
    }

    [Fact]
    public async Task A_refused_first_does_not_take_the_key_from_another_body()
    {
        var refused = WriterFixture.NewOrder("after-refused", sku: "nope");
        var good = WriterFixture.NewOrder("after-refused");
        await intake.NewWriter(new Warnings()).WriteAsync([refused, good], CancellationToken.None);
        Assert.Equal(PlaceResult.UnknownSku, (await refused.Outcome).Result);
        Assert.Equal(PlaceResult.Placed, (await good.Outcome).Result);
    }

    [Fact]
    public async Task Two_writers_with_the_same_keys_in_opposite_order_do_not_deadlock()
    {
        var warnings = new Warnings();
        var (up, down) = (intake.NewWriter(warnings), intake.NewWriter(warnings));
        for (var round = 0; round < 20; round++)
        {
            // Half of them of either SKU: the stock rows are met in opposite order too.
            string[] ids = [.. Enumerable.Range(0, 64).Select(i => $"cross-{round}-{i:00}")];
            NewOrder[] one = [.. ids.Select((id, i) => WriterFixture.NewOrder(id, i < 32 ? "a" : "b"))];
            NewOrder[] two = [.. ids.Select((id, i) => WriterFixture.NewOrder(id, i < 32 ? "a" : "b")).Reverse()];
            await Task.WhenAll(
                Task.Run(() => up.WriteAsync(one, CancellationToken.None)),
                Task.Run(() => down.WriteAsync(two, CancellationToken.None)));
            for (var i = 0; i < ids.Length; i++)
            {
                var (left, right) = (await one[i].Outcome, await two[ids.Length - 1 - i].Outcome);
                Assert.Equal(left.Answer, right.Answer);
                PlaceResult[] results = [left.Result, right.Result];
                Assert.Equal([PlaceResult.Placed, PlaceResult.Repeated], results.Order());
            }
        }

        Assert.Empty(warnings.Seen);
        Assert.Equal(20 * 64, await intake.CountAsync("SELECT count(*) FROM orders WHERE client_order_id LIKE 'cross-%'"));
    }

    [Fact]
    public async Task One_bad_order_of_a_full_group_fails_alone()
    {
        // Postgres has no NUL in a text; validation lets none through, so this one is made here.
        NewOrder[] group = [.. Enumerable.Range(0, IntakeWriter.GroupOrdersMax)
            .Select(i => WriterFixture.NewOrder($"full-{i}", shipTo: i == 100 ? "\0" : "{}"))];
        await intake.NewWriter(new Warnings()).WriteAsync(group, CancellationToken.None);
        for (var i = 0; i < group.Length; i++)
            Assert.Equal(i == 100 ? PlaceResult.Failed : PlaceResult.Placed, (await group[i].Outcome).Result);
        Assert.Equal(255, await intake.CountAsync("SELECT count(*) FROM orders WHERE client_order_id LIKE 'full-%'"));
        Assert.Equal(255, await intake.CountAsync(
            "SELECT count(*) FROM orders JOIN backorders USING (client_id, order_id) WHERE client_order_id LIKE 'full-%'"));
    }

    [Fact]
    public async Task A_full_queue_refuses_and_answers_all_it_took()
    {
        var writer = intake.NewWriter(new Warnings());
        NewOrder[] all = [.. Enumerable.Range(0, IntakeWriter.QueueMax + 1)
            .Select(i => WriterFixture.NewOrder($"queue-{i}"))];
        Assert.All(all[..^1], order => Assert.True(writer.TryPlace(order)));
        Assert.False(writer.TryPlace(all[^1]));
        await writer.StartAsync(CancellationToken.None);
        foreach (var order in all[..^1]) Assert.Equal(PlaceResult.Placed, (await order.Outcome).Result);
        Assert.True(writer.TryPlace(all[^1]));
        Assert.Equal(PlaceResult.Placed, (await all[^1].Outcome).Result);
        await writer.StopAsync(CancellationToken.None);
        Assert.Equal(all.Length, await intake.CountAsync("SELECT count(*) FROM orders WHERE client_order_id LIKE 'queue-%'"));
    }

    [Fact]
    public async Task What_waits_gets_received_stock_before_what_is_new()
    {
        var writer = intake.NewWriter(new Warnings());
        var (waiting, fresh) = (WriterFixture.NewOrder("waiting", "c", 7), WriterFixture.NewOrder("fresh", "c", 7));
        await writer.WriteAsync([waiting], CancellationToken.None);
        await intake.ExecuteAsync("UPDATE stock SET on_hand = on_hand + 7 WHERE sku = 'c'");
        Assert.True(writer.TryPlace(fresh));
        var reallocated = writer.ReallocateAsync("acme", ["c"]);
        await writer.StartAsync(CancellationToken.None);
        await reallocated;
        Assert.Equal("Backordered", (await fresh.Outcome).Answer!.Status);
        await writer.StopAsync(CancellationToken.None);
        Assert.Equal(1, await intake.CountAsync("""
            SELECT count(*) FROM orders JOIN allocations USING (client_id, order_id)
            WHERE client_order_id = 'waiting' AND quantity = 7
            """));
    }
}
