using Fulfillment.Hosting;
using Fulfillment.Surge.Wire;
using Npgsql;

namespace Fulfillment.Bench;

/// <summary>
/// Stores of a benchmark's own, durable as in production (fsync on), and the programs that are measured on them. All of
/// it ends with this process.
/// </summary>
internal sealed class TestBed : IAsyncDisposable
{
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    private readonly LocalRun _run;
    private PostgresServer _postgres = null!;

    private TestBed(TimeProvider clock) => _run = new LocalRun(BuildOutput.RunsFolder, clock);

    /// <summary>Where logs and files of the run may go; on the same disk as the database.</summary>
    internal string Folder => _run.Folder;

    internal Keys Keys { get; } = Keys.Create();

    internal string Redis { get; private set; } = "";

    /// <summary>With more settings of the cluster, NAME=VALUE each.</summary>
    internal static async Task<TestBed> StartAsync(
        TimeProvider clock, CancellationToken cancellation, params string[] settings)
    {
        var bed = new TestBed(clock);
        try
        {
            bed._postgres = await PostgresServer.StartAsync(
                bed._run, new PostgresOptions { Settings = settings }, cancellation);
            bed.Redis = (await RedisServer.StartAsync(bed._run, cancellation)).Endpoint;
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    internal NpgsqlConnectionStringBuilder Database(string name) => new(_postgres.ConnectionString(name));

    internal Task CreateDatabaseAsync(string name, CancellationToken cancellation) =>
        ExecuteAsync("postgres", $"CREATE DATABASE {name}", cancellation);

    /// <summary>A copy of a database that nobody is connected to.</summary>
    internal async Task CopyDatabaseAsync(string from, string to, CancellationToken cancellation)
    {
        NpgsqlConnection.ClearAllPools();
        await ExecuteAsync("postgres", $"CREATE DATABASE {to} TEMPLATE {from}", cancellation);
    }

    internal async Task ExecuteAsync(string database, string sql, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(Database(database).ConnectionString);
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    internal async Task<T> ReadAsync<T>(string database, string sql, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(Database(database).ConnectionString);
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
        return (T)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Starts Orders on a database and returns when it is healthy.</summary>
    internal Task<Child> StartOrdersAsync(
        string executable, string database, IReadOnlyDictionary<string, string> more, CancellationToken cancellation) =>
        StartAsync(Orders(executable, database, more), cancellation);

    /// <summary>Orders on a database, not started yet.</summary>
    internal Child Orders(string executable, string database, IReadOnlyDictionary<string, string> more) =>
        Service("orders", executable, new Dictionary<string, string>
        {
            ["ConnectionStrings__ordersdb"] = Database(database).ConnectionString,
            ["ConnectionStrings__redis"] = Redis,
            ["Operator__Key"] = Keys.Operator,
            ["Service__Key"] = Keys.Service,
            ["Picking__Url"] = "http://127.0.0.1:1",
        }.Concat(more));

    /// <summary>Starts a program that serves HTTP, and returns when its /health answers.</summary>
    internal Task<Child> StartServiceAsync(
        string name, string executable, IEnumerable<KeyValuePair<string, string>> settings,
        CancellationToken cancellation) => StartAsync(Service(name, executable, settings), cancellation);

    /// <summary>
    /// Starts a service, or starts it again, and returns when its /health answers; /alive where a store is missing.
    /// </summary>
    internal async Task<Child> StartAsync(Child child, CancellationToken cancellation, string probed = "/health")
    {
        await _run.StartAsync(child, cancellation, probed);
        return child;
    }

    /// <summary>
    /// A program that serves HTTP, not started yet; on one <paramref name="core"/> alone where one is named.
    /// </summary>
    internal Child Service(
        string name, string executable, IEnumerable<KeyValuePair<string, string>> settings, int? core = null) =>
        _run.AddService(name, executable, settings.Prepend(new("Logging__LogLevel__Default", "Warning")), core);

    internal static async Task StopAsync(Child child) => await child.StopAsync(StopGrace);

    public ValueTask DisposeAsync() => _run.DisposeAsync();
}
