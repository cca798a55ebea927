using Fulfillment.Surge.Hosting;
using Fulfillment.Surge.Wire;
using Npgsql;

namespace Fulfillment.Surge.Bench;

/// <summary>
/// Stores of a benchmark's own, durable as in production (fsync on), and the programs that are measured on them. All of
/// it ends with this process.
/// </summary>
internal sealed class TestBed : IAsyncDisposable
{
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    private readonly RunFolder _folder;
    private readonly TimeProvider _clock;
    private readonly List<Child> _children = [];
    private PostgresServer _postgres = null!;

    private TestBed(TimeProvider clock) =>
        (_clock, _folder) = (clock, RunFolder.Create(BuildOutput.RunsFolder, clock));

    /// <summary>Where logs and files of the run may go; on the same disk as the database.</summary>
    internal string Folder => _folder.Path;

    internal Keys Keys { get; } = Keys.Create();

    internal string Redis { get; private set; } = "";

    /// <summary>With more settings of the cluster, NAME=VALUE each.</summary>
    internal static async Task<TestBed> StartAsync(
        TimeProvider clock, CancellationToken cancellation, params string[] settings)
    {
        var bed = new TestBed(clock);
        try
        {
            var ports = Ports.Free(2);
            bed._postgres = await PostgresServer.StartAsync(
                bed._folder, ports[0], bed.Adopt, clock, cancellation, settings);
            (_, bed.Redis) = await RedisServer.StartAsync(bed._folder, ports[1], bed.Adopt, clock, cancellation);
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
        _postgres.CreateDatabasesAsync([name], cancellation);

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
        await child.StartAsync();
        using var probe = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        var page = $"{child.Url}{probed}";
        await Readiness.WaitAsync(child, token => AnswersAsync(probe, page, token), _clock, cancellation);
        return child;
    }

    /// <summary>
    /// A program that serves HTTP, not started yet; on one <paramref name="core"/> alone where one is named.
    /// </summary>
    internal Child Service(
        string name, string executable, IEnumerable<KeyValuePair<string, string>> settings, int? core = null)
    {
        if (!File.Exists(executable)) throw new HostingException($"{executable} is not there");
        var url = $"http://127.0.0.1:{Ports.Free(1)[0]}";
        return Adopt($"{name}-{_children.Count}", url, Signal.Terminate, () =>
        {
            var start = core is { } number
                ? Nursery.Bound("taskset", ["-c", $"{number}", executable], null, Signal.Kill)
                : Nursery.Bound(executable, [], null, Signal.Kill);
            start.WorkingDirectory = Path.GetDirectoryName(executable);
            start.Environment["ASPNETCORE_URLS"] = url;
            start.Environment["Logging__LogLevel__Default"] = "Warning";
            foreach (var (key, value) in settings) start.Environment[key] = value;
            return start;
        });
    }

    internal static async Task StopAsync(Child child) => await child.StopAsync(StopGrace);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_children.Where(child => child.Url is not null).Select(StopAsync));
        await Task.WhenAll(_children.Where(child => child.Url is null).Select(StopAsync));
        foreach (var child in _children) await child.DisposeAsync();
        ClusterFolder.Delete(_folder.Path);
    }

    private static async Task<bool> AnswersAsync(HttpClient probe, string page, CancellationToken cancellation)
    {
        try
        {
            using var answer = await probe.GetAsync(new Uri(page), cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception notYet) when (notYet is HttpRequestException or TaskCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return false;
        }
    }

    private Child Adopt(string name, Func<System.Diagnostics.ProcessStartInfo> command, Signal stop) =>
        Adopt(name, null, stop, command);

    private Child Adopt(string name, string? url, Signal stop, Func<System.Diagnostics.ProcessStartInfo> command)
    {
        var child = new Child(name, url, command, new CappedLog(_folder.Log(name), 16 << 20), stop, _clock);
        _children.Add(child);
        return child;
    }
}
