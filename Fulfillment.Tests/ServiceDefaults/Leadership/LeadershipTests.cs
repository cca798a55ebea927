using System.Diagnostics.Metrics;
using Fulfillment.ServiceDefaults.Leadership;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.ServiceDefaults.Leadership;

public sealed class LeadershipTests(TestServers servers) : IAsyncLifetime
{
    private const string LocksSql = """
        FROM pg_locks WHERE locktype = 'advisory' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """;

    private readonly ServiceProvider _meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<Replica> _replicas = [];
    private NpgsqlDataSource _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _database = NpgsqlDataSource.Create(await servers.CreateOrdersDatabaseAsync());

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in _replicas) await replica.DisposeAsync();
        await _database.DisposeAsync();
        await _meters.DisposeAsync();
    }

    [Fact]
    public async Task One_replica_leads_at_a_time_and_who_stops_hands_over_with_a_higher_fence()
    {
        var first = await StartAsync("work");
        await Eventually.HoldsAsync(() => Task.FromResult(first.Leads("work")));
        var second = await StartAsync("work");
        Assert.False(second.Leads("work"));

        var fence = first.Leader("work").Fence;
        await first.DisposeAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(second.Leads("work")));
        Assert.Equal(fence + 1, second.Leader("work").Fence);
    }

    [Fact]
    public async Task All_locks_of_a_process_are_on_one_connection_and_who_stands_by_has_none()
    {
        var names = Enumerable.Range(1, 70).Select(number => $"work:{number}").ToArray();
        var first = await StartAsync(names);
        await Eventually.HoldsAsync(() => Task.FromResult(names.All(first.Leads)));
        var second = await StartAsync(names);

        Assert.Equal((70, 1), await LocksAsync());
        await first.DisposeAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(names.All(second.Leads)));
        Assert.Equal((70, 1), await LocksAsync());
    }

    [Fact]
    public async Task A_holder_that_is_frozen_is_ended_with_the_transaction_it_was_in_and_writes_nothing_when_it_wakes()
    {
        // A process that was stopped by a signal looks like this to the server: sessions that say nothing any more.
        await using var locks = await _database.OpenConnectionAsync(Cancellation);
        await ExecuteAsync(locks, "SELECT pg_advisory_lock(hashtextextended('work', 0))");
        var frozen = await Leaders.RaiseAsync(_database, "work");
        await using var open = await frozen.BeginAsync(Cancellation);
        await ExecuteAsync(open.Connection, "UPDATE leaderships SET holder = 'changed' WHERE name = 'other'");
        await ExecuteAsync(null, "UPDATE leaderships SET beat_at = now() - interval '1 minute'");

        var next = await StartAsync("work");
        await Eventually.HoldsAsync(() => Task.FromResult(next.Leads("work")));

        Assert.Equal(frozen.Fence + 1, next.Leader("work").Fence);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ExecuteAsync(locks, "SELECT 1"));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => open.CommitAsync(Cancellation));
        await AssertWritesNothingAsync(frozen);
        await WriteAsync(next.Leader("work"));
    }

    [Fact]
    public async Task A_holder_that_beats_is_left_alone_however_busy()
    {
        var first = await StartAsync("work");
        await Eventually.HoldsAsync(() => Task.FromResult(first.Leads("work")));
        await using var busy = await first.Leader("work").BeginAsync(Cancellation);
        var second = await StartAsync("work");
        var beat = await ScalarAsync<DateTime>("SELECT beat_at FROM leaderships");
        await Eventually.HoldsAsync(async () =>
            await ScalarAsync<DateTime>("SELECT beat_at FROM leaderships") > beat + Leaders.Quick().LateAfter);

        Assert.False(second.Leads("work"));
        await busy.CommitAsync(Cancellation);
    }

    [Fact]
    public async Task A_beat_of_the_future_as_after_a_failover_to_a_slower_clock_keeps_nobody_out()
    {
        await ExecuteAsync(null, """
            INSERT INTO leaderships (name, fence, holder, pid, taken_at, beat_at)
            VALUES ('work', 7, 'gone', 1, now(), now() + interval '1 day')
            """);
        var next = await StartAsync("work");
        await Eventually.HoldsAsync(() => Task.FromResult(next.Leads("work")));
        Assert.Equal(8, next.Leader("work").Fence);
    }

    [Fact]
    public async Task A_loop_that_finishes_no_turn_lets_go_and_does_not_stand_again_before_it_has_ended()
    {
        var options = Leaders.Quick();
        options.TurnMax = TimeSpan.FromMilliseconds(300);
        var goOn = new TaskCompletionSource();
        var runs = 0;
        var first = await StartAsync(
            options, (_, ending) => ++runs == 1 ? goOn.Task : ForeverAsync(ending), "work");
        await Eventually.HoldsAsync(() => Task.FromResult(first.Leads("work")));
        var hung = first.Leader("work");
        await using var stuck = await hung.BeginAsync(Cancellation); // it hangs in the middle of a transaction
        var second = await StartAsync("work");
        await Eventually.HoldsAsync(() => Task.FromResult(second.Leads("work")));

        await AssertWritesNothingAsync(hung);
        await second.DisposeAsync();
        await Eventually.HoldsAsync(async () =>
            await ScalarAsync<bool>("SELECT beat_at = '-infinity' FROM leaderships"));
        Assert.Equal(1, runs);
        goOn.SetResult();
        await Eventually.HoldsAsync(() => Task.FromResult(runs == 2));
    }

    [Fact]
    public async Task A_leader_who_rests_is_not_taken_for_hung()
    {
        var options = Leaders.Quick();
        options.TurnMax = TimeSpan.FromMilliseconds(300);
        var replica = await StartAsync(
            options, (leader, ending) => leader.RestAsync(Timeout.InfiniteTimeSpan, ending), "work");
        await Eventually.HoldsAsync(() => Task.FromResult(replica.Leads("work")));
        var beat = await ScalarAsync<DateTime>("SELECT beat_at FROM leaderships");
        await Eventually.HoldsAsync(async () =>
            await ScalarAsync<DateTime>("SELECT beat_at FROM leaderships") > beat + 3 * options.TurnMax);
        Assert.Equal(1, await ScalarAsync<long>("SELECT fence FROM leaderships"));
    }

    [Fact]
    public async Task A_leader_whose_session_is_ended_or_whose_loop_fails_leads_again()
    {
        var failures = 0;
        var replica = await StartAsync(
            Leaders.Quick(),
            (_, ending) => ++failures == 1 ? throw new InvalidOperationException() : ForeverAsync(ending), "work");
        await Eventually.HoldsAsync(() => Task.FromResult(failures == 2));
        await ExecuteAsync(null, "SELECT pg_terminate_backend(pid) " + LocksSql);
        await Eventually.HoldsAsync(() => Task.FromResult(failures == 3));
        Assert.Equal(3, replica.Leader("work").Fence);
    }

    [Fact]
    public async Task Who_leads_is_a_metric_of_every_replica()
    {
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<(object?, object?), int>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, to) =>
        {
            if (instrument.Name == "fulfillment.leadership.active") to.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) =>
            seen[(instrument.Meter.Scope, tags[0].Value)] = value);
        listener.Start();
        var (first, second) = (await StartAsync("one"), await StartAsync("two"));
        await Eventually.HoldsAsync(() => Task.FromResult(first.Leads("one") && second.Leads("two")));
        _ = first.Leaderships.RunAsync("two", (_, ending) => ForeverAsync(ending), Cancellation);
        await Eventually.HoldsAsync(() =>
        {
            listener.RecordObservableInstruments();
            return Task.FromResult(seen.Where(of => Equals(of.Key.Item2, "two")).Select(of => of.Value).Order()
                .SequenceEqual([0, 1]));
        });
    }

    private static Task ForeverAsync(CancellationToken ending) =>
        Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending);

    private static async Task AssertWritesNothingAsync(Leader deposed)
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => WriteAsync(deposed));
        Assert.Equal(Leader.DeposedState, refused.SqlState);
        refused = await Assert.ThrowsAsync<PostgresException>(() => deposed.BeginAsync(Cancellation));
        Assert.Equal(Leader.DeposedState, refused.SqlState);
    }

    private static async Task WriteAsync(Leader leader)
    {
        await using var batch = leader.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("UPDATE leaderships SET taken_at = now()"));
        await batch.ExecuteNonQueryAsync(Cancellation);
    }

    private async Task<(long Locks, long Sessions)> LocksAsync() =>
        (await ScalarAsync<long>("SELECT count(*) " + LocksSql),
            await ScalarAsync<long>("SELECT count(DISTINCT pid) " + LocksSql));

    private Task<Replica> StartAsync(params string[] names) =>
        StartAsync(Leaders.Quick(), (_, ending) => ForeverAsync(ending), names);

    private async Task<Replica> StartAsync(
        LeadershipOptions options, Func<Leader, CancellationToken, Task> active, params string[] names)
    {
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var replica = new Replica(
            Leaders.Of(_database, meters.GetRequiredService<IMeterFactory>(), options), meters);
        _replicas.Add(replica);
        await replica.StartAsync(active, names);
        return replica;
    }

    private async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    private async Task ExecuteAsync(NpgsqlConnection? on, string sql)
    {
        await using var command = on is null ? _database.CreateCommand(sql) : new NpgsqlCommand(sql, on);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    /// <summary>A process as far as leadership goes.</summary>
    private sealed class Replica(Leaderships leaderships, ServiceProvider meters) : IAsyncDisposable
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, Leader> _leading = new();
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, Leader> _last = new();
        private readonly CancellationTokenSource _stopping = new();
        private Task _running = Task.CompletedTask;
        private bool _stopped;

        internal Leaderships Leaderships => leaderships;

        internal bool Leads(string name) => _leading.ContainsKey(name);

        internal Leader Leader(string name) => _last[name];

        internal async Task StartAsync(Func<Leader, CancellationToken, Task> active, string[] names)
        {
            await leaderships.StartAsync(CancellationToken.None);
            _running = Task.WhenAll(names.Select(name => leaderships.RunAsync(
                name,
                async (leader, ending) =>
                {
                    _leading[name] = _last[name] = leader;
                    try
                    {
                        await active(leader, ending);
                    }
                    finally
                    {
                        _leading.TryRemove(name, out _);
                    }
                },
                _stopping.Token)));
        }

        public async ValueTask DisposeAsync()
        {
            if (_stopped) return;
            _stopped = true;
            await _stopping.CancelAsync();
            await _running;
            await leaderships.StopAsync(CancellationToken.None);
            leaderships.Dispose();
            await meters.DisposeAsync();
        }
    }
}
