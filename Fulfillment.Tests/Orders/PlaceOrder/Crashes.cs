using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Orders.PlaceOrder;

public class Crashes(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    private const string BlockedSql = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query NOT LIKE '%pg_stat_activity%'
        """;

    [Fact]
    public async Task Killed_while_it_commits_every_acknowledged_order_exists_once_and_keeps_its_id()
    {
        const int count = 400;
        var acknowledged = new ConcurrentDictionary<int, string>();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
        {
            try
            {
                acknowledged[i] = await IdAsync(await orders.PlaceAsync(OrdersFixture.Order($"kill-{i}")), 201);
                if (acknowledged.Count >= count / 4) orders.Service.Kill();
            }
            catch (HttpRequestException)
            {
                // Its answer is lost; whether it was written is what the repeat finds out.
            }
        });
        Assert.InRange(acknowledged.Count, count / 4, count - 1);

        await orders.StartAsync();
        for (var i = 0; i < count; i++)
        {
            var repeat = await orders.PlaceAsync(OrdersFixture.Order($"kill-{i}"));
            if (acknowledged.TryGetValue(i, out var id)) Assert.Equal(id, await IdAsync(repeat, 200));
            else Assert.True(repeat.IsSuccessStatusCode);
        }

        Assert.Equal(count, await orders.CountAsync("SELECT count(*) FROM orders WHERE client_order_id LIKE 'kill-%'"));
        Assert.Equal(count, await orders.CountAsync("""
            SELECT count(*) FROM orders JOIN backorders USING (client_id, order_id) WHERE client_order_id LIKE 'kill-%'
            """));
    }

    [Fact]
    public async Task A_commit_that_happens_after_its_process_died_is_found_by_the_repeat()
    {
        // The commit waits for the test inside Postgres, which finishes it although nobody is there to hear of it.
        await orders.ExecuteAsync("""
            CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (NEW.client_order_id = 'late') EXECUTE FUNCTION wait_at_commit()
            """);
        await using (var gate = await orders.Database.OpenConnectionAsync())
        {
            await ExecuteAsync(gate, "SELECT pg_advisory_lock(4711)");
            var lost = orders.PlaceAsync(OrdersFixture.Order("late"));
            await Eventually.HoldsAsync(async () => await orders.CountAsync(BlockedSql) == 1);
            orders.Service.Kill();
            await Assert.ThrowsAsync<HttpRequestException>(() => lost);
            await ExecuteAsync(gate, "SELECT pg_advisory_unlock(4711)");
        }

        await Eventually.HoldsAsync(async () =>
            await orders.CountAsync("SELECT count(*) FROM orders WHERE client_order_id = 'late'") == 1);
        await orders.StartAsync();
        await IdAsync(await orders.PlaceAsync(OrdersFixture.Order("late")), 200);
        Assert.Equal(1, await orders.CountAsync("SELECT count(*) FROM orders WHERE client_order_id = 'late'"));
    }

    [Fact]
    public async Task A_caller_who_goes_away_does_not_take_his_group_along()
    {
        await using var connection = await orders.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, "SELECT FROM stock WHERE sku = 'c' FOR UPDATE");
        using var goingAway = new CancellationTokenSource();
        using var body = new StringContent(OrdersFixture.Order("gone", "c"), null, "application/json");
        var gone = orders.Acme.PostAsync(new Uri("/orders", UriKind.Relative), body, goingAway.Token);
        await Eventually.HoldsAsync(async () => await orders.CountAsync(BlockedSql) == 1);
        var stays = orders.PlaceAsync(OrdersFixture.Order("stays", "c"));
        await goingAway.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        await transaction.RollbackAsync();
        await IdAsync(await stays, 201);
        Assert.Equal(1, await orders.CountAsync("SELECT count(*) FROM orders WHERE client_order_id = 'gone'"));
    }

    [Fact]
    public async Task A_backorder_left_by_a_crash_between_receipt_and_reallocation_is_sent_after_the_restart()
    {
        await IdAsync(await orders.PlaceAsync(OrdersFixture.Order("left", "b", 3)), 201);
        orders.Service.Kill();
        // As the receipt has committed it, with nobody left to send what waits.
        await orders.ExecuteAsync("UPDATE stock SET on_hand = on_hand + 3 WHERE sku = 'b'");
        Assert.Equal(1, await orders.CountAsync("SELECT count(*) FROM backorders WHERE sku = 'b'"));
        await orders.StartAsync();
        await Eventually.HoldsAsync(async () =>
            await orders.CountAsync("SELECT count(*) FROM backorders WHERE sku = 'b'") == 0);
        Assert.Equal(3, await orders.CountAsync("SELECT reserved FROM stock WHERE sku = 'b'"));
    }

    private static async Task<string> IdAsync(HttpResponseMessage answer, int status)
    {
        Assert.Equal(status, (int)answer.StatusCode);
        return (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["orderId"]!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
