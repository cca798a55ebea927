using Fulfillment.Contracts;
using Fulfillment.Picking.Intake;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Picking.Intake;

/// <summary>A healthy release must not end in the dead letters because of what happened to the store.</summary>
public sealed class StoresFaultTests(TestServers servers)
{
    private const string FailTours = """
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'on purpose'; END $$;
        CREATE TRIGGER fail BEFORE INSERT ON tours FOR EACH ROW EXECUTE FUNCTION fail()
        """;

    [Theory]
    [InlineData("ALTER TABLE tours RENAME TO gone", "ALTER TABLE gone RENAME TO tours", "42P01")]
    [InlineData("ALTER TABLE tasks RENAME sku TO gone", "ALTER TABLE tasks RENAME gone TO sku", "42703")]
    public async Task A_schema_that_is_not_there_for_a_while_buries_nobody(string away, string back, string state)
    {
        await using var bench = await OpenAsync();
        var releases = await PublishAsync(bench, 20);
        var (worker, queue) = bench.Worker();
        await queue.ReadAsync(1); // makes the group
        await bench.ExecuteAsync(away);
        for (var poll = 0; poll < 2 * LoneFailures.FailuresMax; poll++)
        {
            Assert.Equal(state, (await Assert.ThrowsAsync<PostgresException>(() =>
                worker.PollOnceAsync(CancellationToken.None))).SqlState);
        }

        await bench.ExecuteAsync(back);
        await AllPlannedAsync(bench, worker, releases);
    }

    [Fact]
    public async Task A_statement_that_times_out_under_a_lock_buries_nobody()
    {
        await using var bench = await OpenAsync();
        var releases = await PublishAsync(bench, 5);
        var (worker, queue) = bench.Worker();
        await queue.ReadAsync(1);
        await SetAsync(bench, "SET statement_timeout = ''50ms''");
        await using (var other = await bench.Database.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (var holding = await other.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await using var hold = new NpgsqlCommand("LOCK TABLE tours IN ACCESS EXCLUSIVE MODE", other);
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            for (var poll = 0; poll < 2 * LoneFailures.FailuresMax; poll++)
            {
                try
                {
                    await worker.PollOnceAsync(CancellationToken.None);
                }
                catch (PostgresException late)
                {
                    Assert.Equal(PostgresErrorCodes.QueryCanceled, late.SqlState);
                }
            }
        }

        await SetAsync(bench, "RESET statement_timeout");
        await AllPlannedAsync(bench, worker, releases);
    }

    [Fact]
    public async Task None_of_a_pool_that_fails_alike_is_to_blame()
    {
        await using var bench = await OpenAsync();
        var releases = await PublishAsync(bench, 5);
        var (worker, queue) = bench.Worker();
        await queue.ReadAsync(1);
        await bench.ExecuteAsync(FailTours);
        for (var poll = 0; poll < 2 * LoneFailures.FailuresMax; poll++)
            await Assert.ThrowsAsync<BrokenStoreException>(() => worker.PollOnceAsync(CancellationToken.None));

        await bench.ExecuteAsync("DROP TRIGGER fail ON tours");
        await AllPlannedAsync(bench, worker, releases);
    }

    [Fact]
    public async Task Three_lone_releases_that_fail_alike_are_not_to_blame_and_two_are_not_believed()
    {
        await using var bench = await OpenAsync(s => s with { PoolOrdersMax = 1, ClaimAfter = TimeSpan.FromHours(1) });
        var releases = await PublishAsync(bench, 3);
        var (worker, queue) = bench.Worker();
        await bench.ExecuteAsync(FailTours);
        Assert.Empty(await queue.ReadAsync(1));
        await worker.PollOnceAsync(CancellationToken.None);
        await worker.PollOnceAsync(CancellationToken.None);
        Assert.Equal(2, await bench.ScalarAsync<long>("SELECT sum(failures) FROM lone_failures"));
        await Assert.ThrowsAsync<BrokenStoreException>(() => worker.PollOnceAsync(CancellationToken.None));
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM lone_failures"));
        Assert.Equal(3, releases.Count);
    }

    [Fact]
    public async Task A_poison_that_comes_by_itself_is_still_buried()
    {
        await using var bench = await OpenAsync();
        await bench.SlotAsync("POISON", 1, 1);
        var poison = bench.Release(["POISON"]);
        await bench.PublishAsync(poison);
        await bench.DrainAsync(bench.Worker(Faults.None with { PoisonSku = "POISON" }).Worker);
        Assert.Equal(["1 Failed"], await bench.KindsAsync(poison));
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM lone_failures"));
    }

    [Fact]
    public async Task Two_poisons_of_one_kind_are_buried_as_soon_as_another_release_is_planned_beside_them()
    {
        await using var bench = await OpenAsync();
        await bench.SlotAsync("POISON", 1, 1);
        ReleaseMessage[] poisons = [bench.Release(["POISON"]), bench.Release(["POISON"])];
        foreach (var poison in poisons) await bench.PublishAsync(poison);
        var (worker, queue) = bench.Worker(Faults.None with { PoisonSku = "POISON" });
        await queue.ReadAsync(1);
        await Assert.ThrowsAsync<BrokenStoreException>(() => worker.PollOnceAsync(CancellationToken.None));

        await Eventually.HoldsAsync(async () =>
        {
            await bench.PublishAsync(bench.Release(["A"]));
            await worker.PollOnceAsync(CancellationToken.None);
            return await bench.ScalarAsync<long>("SELECT count(*) FROM dead_letters") == 2;
        });
        foreach (var poison in poisons) Assert.Equal(["1 Failed"], await bench.KindsAsync(poison));
    }

    [Fact]
    public async Task A_failure_that_passed_leaves_no_row()
    {
        await using var bench = await OpenAsync(s => s with { ClaimAfter = TimeSpan.FromHours(1) });
        await bench.SlotAsync("POISON", 1, 1);
        await bench.PublishAsync(bench.Release(["POISON"]));
        var (worker, queue) = bench.Worker(Faults.None with { PoisonSku = "POISON" });
        await queue.ReadAsync(1);
        await worker.PollOnceAsync(CancellationToken.None);
        Assert.Equal(1, await bench.ScalarAsync<int>("SELECT failures FROM lone_failures"));

        await queue.HandBackAsync([(await bench.Keys.StreamRangeAsync(bench.Stream))[0].Id]);
        await bench.DrainAsync(); // a worker that plans it, together with whatever comes
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM lone_failures"));
    }

    [Fact]
    public async Task Somebody_who_holds_the_turn_of_one_release_does_not_starve_its_pool()
    {
        await using var bench = await OpenAsync();
        var releases = await PublishAsync(bench, 20);
        var (held, later) = (releases[7], bench.Release(["A"]));
        var (worker, queue) = bench.Worker();
        await queue.ReadAsync(1);
        await using var other = await bench.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await TurnAsync("pg_advisory_lock", other, bench, held);
        await worker.PollOnceAsync(CancellationToken.None);
        Assert.Equal(19, await bench.ScalarAsync<long>("SELECT count(*) FROM inbox"));
        Assert.Equal(1, await bench.ScalarAsync<long>("SELECT count(*) FROM plans")); // the rest is one problem

        // Neither plans nor answers to signals wait for it.
        await bench.PublishAsync(later);
        await bench.SignalAsync(held, MessageKinds.Cancel);
        await bench.SignalAsync(releases[3], MessageKinds.Cancel);
        await Eventually.HoldsAsync(async () =>
        {
            await worker.PollOnceAsync(CancellationToken.None);
            return await bench.ScalarAsync<long>("SELECT count(*) FROM inbox") == 20
                && await bench.ScalarAsync<long>("SELECT count(*) FROM signals") == 1;
        });
        await TurnAsync("pg_advisory_unlock", other, bench, held);
        await bench.DrainAsync(worker);
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM lone_failures"));
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM dead_letters"));
        Assert.Equal(21, await bench.ScalarAsync<long>("SELECT count(*) FROM inbox"));
        Assert.Equal(["1 Cancelled"], await bench.KindsAsync(held)); // the signal is settled first
    }

    [Fact]
    public async Task Somebody_who_holds_the_row_of_one_release_is_found_out_and_the_others_go_on()
    {
        await using var bench = await OpenAsync();
        var releases = await PublishAsync(bench, 6);
        var (worker, queue) = bench.Worker();
        await queue.ReadAsync(1);
        await using var other = await bench.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using (await other.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await using var insert = new NpgsqlCommand("""
                INSERT INTO inbox (warehouse_id, order_id, release_no, client_id, state, version, received_at)
                VALUES ($1, $2, 1, 'acme', 'Planned', 1, now())
                """, other)
            {
                Parameters = { new() { Value = bench.Settings.WarehouseId }, new() { Value = releases[2].OrderId } },
            };
            await insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            await Eventually.HoldsAsync(async () =>
            {
                try
                {
                    await worker.PollOnceAsync(CancellationToken.None);
                }
                catch (PostgresException locked)
                {
                    Assert.Equal(PostgresErrorCodes.LockNotAvailable, locked.SqlState);
                }

                return await bench.ScalarAsync<long>("SELECT count(*) FROM inbox") == 5;
            });
        }

        await AllPlannedAsync(bench, worker, releases);
    }

    private Task<PickingBench> OpenAsync(
        Func<Fulfillment.Picking.PickingSettings, Fulfillment.Picking.PickingSettings>? change = null) =>
        WithSlotAsync(PickingBench.CreateAsync(servers, change ?? (s => s with { ClaimAfter = TimeSpan.Zero })));

    private static async Task<PickingBench> WithSlotAsync(Task<PickingBench> opening)
    {
        var bench = await opening;
        await bench.SlotAsync("A", 1, 1);
        return bench;
    }

    private static async Task<List<ReleaseMessage>> PublishAsync(PickingBench bench, int count)
    {
        var releases = Enumerable.Range(0, count).Select(_ => bench.Release(["A"])).ToList();
        foreach (var release in releases) await bench.PublishAsync(release);
        return releases;
    }

    // For the connections that are opened from now on.
    private static async Task SetAsync(PickingBench bench, string setting)
    {
        await bench.ExecuteAsync(
            $"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {setting}', current_database()); END $$");
        bench.Database.Clear();
    }

    private static async Task TurnAsync(
        string function, NpgsqlConnection connection, PickingBench bench, ReleaseMessage release)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT {function}(hashtextextended($1 || $2::text, 1))", connection)
        {
            Parameters = { new() { Value = bench.Settings.WarehouseId }, new() { Value = release.OrderId } },
        };
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static async Task AllPlannedAsync(PickingBench bench, IntakeWorker worker, List<ReleaseMessage> releases)
    {
        await bench.DrainAsync(worker);
        foreach (var release in releases) Assert.Equal(["1 Planned"], await bench.KindsAsync(release));
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM dead_letters"));
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM lone_failures"));
    }
}
