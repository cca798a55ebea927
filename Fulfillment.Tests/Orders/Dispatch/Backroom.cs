using System.Diagnostics.Metrics;
using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Hosting;
using Fulfillment.Orders.Dispatch;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.Leadership;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.Tests.Orders.Dispatch;

/// <summary>
/// An ordersdb and a Redis with orders laid in by SQL, and relays over them that a test moves step by step, under a
/// clock that only the test moves.
/// </summary>
internal sealed class Backroom : IAsyncDisposable
{
    internal const int UnitsPerLine = 2;

    private const string AddOrdersSql = """
        WITH o AS (
            INSERT INTO orders (client_id, order_id, client_order_id, body_hash, warehouse_id, service_level,
                                allocation, ship_by, ship_to, placed_at, traceparent)
            SELECT $1, gen_random_uuid(), gen_random_uuid()::text, '\x00', $2, 'standard', 'FillAll', $5, '{}', $6, $7
            FROM generate_series(1, $3) RETURNING order_id),
        l AS (INSERT INTO order_lines (client_id, order_id, line_no, sku, quantity)
              SELECT $1, order_id, n, 'sku-' || n, 2 FROM o, generate_series(1, $4) n),
        a AS (INSERT INTO allocations (client_id, order_id, release_no, line_no, sku, quantity)
              SELECT $1, order_id, 1, n, 'sku-' || n, 2 FROM o, generate_series(1, $4) n),
        s AS (INSERT INTO stock (client_id, sku, on_hand, reserved)
              SELECT $1, 'sku-' || n, 2 * $3, 2 * $3 FROM generate_series(1, $4) n
              ON CONFLICT (client_id, sku) DO UPDATE
              SET on_hand = stock.on_hand + EXCLUDED.on_hand, reserved = stock.reserved + EXCLUDED.reserved)
        INSERT INTO releases (client_id, order_id, release_no, warehouse_id, state, ship_by, line_count, created_at)
        SELECT $1, order_id, 1, $2, 'Waiting', $5, $4, $6 FROM o RETURNING order_id
        """;

    private const string ActiveSql = """
        FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (classid::bigint << 32 | objid::bigint) = hashtextextended($1, 0)
        """;

    private static readonly DateTimeOffset Morning = new(2026, 11, 27, 6, 0, 0, TimeSpan.Zero);

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ConnectionMultiplexer _connection;
    private readonly RedisServer? _ownRedis;

    private Backroom(NpgsqlDataSource database, ConnectionMultiplexer connection, RedisServer? ownRedis) =>
        (Database, _connection, _ownRedis) = (database, connection, ownRedis);

    internal NpgsqlDataSource Database { get; }
    internal IDatabase Redis => _connection.GetDatabase();
    internal IConnectionMultiplexer Multiplexer => _connection;
    internal RedisServer OwnRedis => _ownRedis!;
    internal FakeTimeProvider Clock { get; } = new(Morning);
    internal IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();
    internal string Warehouse { get; } = $"wh-{Guid.NewGuid():N}";
    internal DispatchOptions Options { get; } = new() { StreamLength = 10 };
    internal RedisKey Stream => StreamNames.Orders(Warehouse);

    internal static async Task<Backroom> OpenAsync(TestServers servers, bool ownRedis = false)
    {
        var database = NpgsqlDataSource.Create(await servers.CreateOrdersDatabaseAsync());
        var own = ownRedis ? await TestServers.StartRedisAsync() : null;
        var options = ConfigurationOptions.Parse(own?.Endpoint ?? await servers.RedisEndpointAsync());
        (options.AllowAdmin, options.AbortOnConnectFail, options.BacklogPolicy) = (true, false, BacklogPolicy.FailFast);
        var room = new Backroom(database, await ConnectionMultiplexer.ConnectAsync(options), own);
        await room.ExecuteAsync(
            "INSERT INTO warehouses (warehouse_id, name, created_at) VALUES ($1, 'Main', now())", room.Warehouse);
        return room;
    }

    internal Task FlushRedisAsync() => _connection.GetServer(_connection.GetEndPoints()[0]).FlushAllDatabasesAsync();

    internal async Task AddClientAsync(string clientId, int weight = 1, int skus = 5)
    {
        await ExecuteAsync(
            "INSERT INTO clients (client_id, name, warehouse_id, weight, created_at) VALUES ($1, $1, $2, $3, now())",
            clientId, Warehouse, weight);
        await ExecuteAsync("""
            INSERT INTO skus (client_id, sku, name, created_at)
            SELECT $1, 'sku-' || n, 'thing', now() FROM generate_series(1, $2) n
            """, clientId, skus);
    }

    /// <summary>Orders with everything reserved and one release waiting; each line is two units.</summary>
    internal async Task<List<ReleaseKey>> AddOrdersAsync(
        string clientId, int orders, int lines = 2, TimeSpan? shipIn = null, string? traceParent = null)
    {
        await using var command = Database.CreateCommand(AddOrdersSql);
        var now = Clock.GetUtcNow();
        object[] values =
        [
            clientId, Warehouse, orders, lines, (now + (shipIn ?? TimeSpan.FromHours(12))).UtcDateTime, now.UtcDateTime,
            (object?)traceParent ?? DBNull.Value,
        ];
        foreach (var value in values)
        {
            var parameter = new NpgsqlParameter { Value = value };
            if (value is DBNull) parameter.NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text;
            command.Parameters.Add(parameter);
        }

        await using var reader = await command.ExecuteReaderAsync();
        var keys = new List<ReleaseKey>();
        while (await reader.ReadAsync()) keys.Add(new ReleaseKey(clientId, reader.GetGuid(0), 1));
        return keys;
    }

    /// <summary>A relay as the active replica has it.</summary>
    internal async Task<WarehouseRelay> StartRelayAsync(TimeProvider? clock = null)
    {
        var relay = new WarehouseRelay(
            Warehouse, await RaiseLeaderAsync(), Redis, Options, new DispatchMetrics(Meters), clock ?? Clock,
            StopAt.Nowhere, NullLogger.Instance);
        await relay.LoadAsync(CancellationToken.None);
        return relay;
    }

    /// <summary>Who leads the relay of the warehouse from now on.</summary>
    internal Task<Leader> RaiseLeaderAsync() => Leaders.RaiseAsync(Database, $"dispatch:{Warehouse}");

    /// <summary>Rounds until there is nothing to do or no room to do it.</summary>
    internal static async Task RunAsync(WarehouseRelay relay)
    {
        for (var round = 0; round < 1000; round++)
            if (await relay.RoundAsync(CancellationToken.None) != WarehouseRelay.Found.Work) return;
        throw new InvalidOperationException("The relay did not come to rest in 1,000 rounds");
    }

    /// <summary>What stands on the stream, in its order.</summary>
    internal async Task<List<Standing>> StandingAsync() =>
        [.. (await Redis.StreamRangeAsync(Stream)).Select(entry => new Standing(entry))];

    /// <summary>Takes everything off the stream, as Picking does with what it has planned.</summary>
    internal async Task<List<Standing>> TakeAllAsync()
    {
        var standing = await StandingAsync();
        if (standing.Count > 0) await Redis.StreamDeleteAsync(Stream, [.. standing.Select(entry => entry.Id)]);
        return standing;
    }

    /// <summary>As the feed's reader leaves a release that Picking has reported on.</summary>
    internal Task ReportPlannedAsync(IEnumerable<ReleaseKey> releases) => ExecuteAsync(
        "UPDATE releases SET state = 'Planned', feed_version = 1 WHERE order_id = ANY ($1) AND state = 'Dispatched'",
        releases.Select(release => release.OrderId).ToArray());

    internal Task FeedCaughtUpAsync(DateTimeOffset at) => ExecuteAsync("""
        INSERT INTO feed_cursors (feed, cursor, moved_at, caught_up_at) VALUES ($2, '0-0', $1, $1)
        ON CONFLICT (feed) DO UPDATE SET caught_up_at = $1
        """, at.UtcDateTime, Warehouse);

    /// <summary>How many replicas hold the lock of the warehouse's relay.</summary>
    internal Task<long> ActiveReplicasAsync() => ScalarAsync<long>("SELECT count(*) " + ActiveSql, $"dispatch:{Warehouse}");

    /// <summary>Cuts the connections of who leads this (else the relay), as a lost network does.</summary>
    internal Task CutActiveReplicasAsync(string? leadership = null) => ExecuteAsync(
        "SELECT pg_terminate_backend(pid) " + ActiveSql, leadership ?? $"dispatch:{Warehouse}");

    internal async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Database.CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync();
    }

    internal async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = Database.CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return (T)(await command.ExecuteScalarAsync())!;
    }

    internal Task<long> CountAsync(string state) =>
        ScalarAsync<long>("SELECT count(*) FROM releases WHERE state = $1", state);

    public async ValueTask DisposeAsync()
    {
        await Redis.KeyDeleteAsync(
            [Stream, StreamNames.Epoch(Warehouse), StreamNames.Workers(Warehouse)], CommandFlags.FireAndForget);
        await _connection.DisposeAsync();
        if (_ownRedis is not null) await _ownRedis.DisposeAsync();
        await Database.DisposeAsync();
        await _services.DisposeAsync();
    }
}

/// <summary>One entry of the stream as Picking would read it.</summary>
internal sealed record Standing(string Id, string Kind, ReleaseKey Release, int Lines, string Body, string? TraceParent)
{
    internal Standing(StreamEntry entry) : this(
        entry.Id!, entry[StreamFields.Kind]!, default, 0, entry[StreamFields.Body]!, entry[StreamFields.TraceParent])
    {
        if (Kind == MessageKinds.Release)
        {
            var release = JsonSerializer.Deserialize(Body, ContractsJson.Default.ReleaseMessage)!;
            Release = new ReleaseKey(release.ClientId, release.OrderId, release.ReleaseNo);
            Lines = release.Lines.Count;
        }
        else
        {
            var signal = JsonSerializer.Deserialize(Body, ContractsJson.Default.SignalMessage)!;
            Release = new ReleaseKey(signal.ClientId, signal.OrderId, signal.ReleaseNo);
        }
    }
}
