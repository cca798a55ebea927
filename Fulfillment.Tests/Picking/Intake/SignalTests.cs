using Fulfillment.Contracts;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Picking.Intake;

public sealed class SignalTests(TestServers servers)
{
    [Theory]
    [InlineData(MessageKinds.Cancel, "1 Cancelled")]
    [InlineData(MessageKinds.Hold, "1 Held")]
    public async Task A_signal_that_overtakes_its_release_wins(string kind, string told)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var release = bench.Release(["A"]);
        await bench.SignalAsync(release, kind);
        await bench.DrainAsync();
        await bench.PublishAsync(release);
        await bench.DrainAsync();
        Assert.Equal([told], await bench.KindsAsync(release));
        Assert.Null(await bench.NextAsync("ann"));
    }

    [Fact]
    public async Task A_cancel_in_the_same_pool_as_its_release_wins_in_either_order()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var (first, second) = (bench.Release(["A"]), bench.Release(["A"]));
        await bench.PublishAsync(first);
        await bench.SignalAsync(first, MessageKinds.Cancel);
        await bench.SignalAsync(second, MessageKinds.Cancel);
        await bench.PublishAsync(second);
        await bench.DrainAsync();
        Assert.Equal(["1 Cancelled"], await bench.KindsAsync(first));
        Assert.Equal(["1 Cancelled"], await bench.KindsAsync(second));
    }

    [Theory]
    [InlineData(MessageKinds.Cancel, EventKinds.CancelRefused)]
    [InlineData(MessageKinds.Hold, EventKinds.HoldRefused)]
    public async Task A_signal_after_the_plan_is_refused_once_however_often_it_comes(string kind, string refused)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var release = bench.Release(["A"]);
        await bench.PublishAsync(release);
        await bench.DrainAsync();
        await bench.SignalAsync(release, kind);
        await bench.SignalAsync(release, kind);
        await bench.DrainAsync();
        await bench.SignalAsync(release, kind);
        await bench.DrainAsync();
        Assert.Equal(["1 Planned", $"2 {refused}"], await bench.KindsAsync(release));
        var answer = (await bench.EventsAsync()).Single(e => e.Version == 2);
        Assert.Equal((1, "too_late: the release is Planned"), (answer.SignalNo, answer.Reason));
    }

    [Fact]
    public async Task A_plan_that_meets_an_uncommitted_cancel_waits_for_it_and_plans_the_rest()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var (cancelled, other) = (bench.Release(["A"]), bench.Release(["A"]));
        await bench.PublishAsync(cancelled);
        await bench.PublishAsync(other);
        var (worker, queue) = bench.Worker();
        await queue.ReadAsync(1); // makes the group when there is none

        await using var connection = await bench.Database.OpenConnectionAsync();
        await using var cancel = await connection.BeginTransactionAsync();
        await using (var tombstone = new NpgsqlCommand(
            "INSERT INTO inbox (warehouse_id, order_id, release_no, client_id, state, version, received_at) "
            + "VALUES ($1, $2, 1, 'acme', 'Cancelled', 1, now())", connection, cancel))
        {
            tombstone.Parameters.Add(new() { Value = bench.Settings.WarehouseId });
            tombstone.Parameters.Add(new() { Value = cancelled.OrderId });
            await tombstone.ExecuteNonQueryAsync();
        }

        var draining = bench.DrainAsync(worker);
        await Eventually.HoldsAsync(async () => await bench.ScalarAsync<long>(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") > 0);
        Assert.False(draining.IsCompleted);
        await cancel.CommitAsync();
        await draining;
        Assert.Empty(await bench.KindsAsync(cancelled));
        Assert.Equal(["1 Planned"], await bench.KindsAsync(other));
        Assert.Equal(1, await bench.ScalarAsync<long>("SELECT count(*) FROM tasks"));
    }
}
