using Fulfillment.Hosting;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Pooler;

/// <summary>
/// PgBouncer in transaction mode before a database of the tests, with so few sessions that each transaction gets
/// another one than the last.
/// </summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private const int Sessions = 2;

    private readonly Child _child;
    private readonly string _folder;

    private PgBouncer(Child child, string folder, string connectionString) =>
        (_child, _folder, ConnectionString) = (child, folder, connectionString);

    /// <summary>The same database, through the pooler.</summary>
    internal string ConnectionString { get; }

    private static string? Program => StorePrograms
        .UsualPlaces("/usr/sbin", Environment.GetEnvironmentVariable("PATH"))
        .Select(folder => Path.Combine(folder, "pgbouncer")).FirstOrDefault(File.Exists);

    /// <summary>Skips the test, with the reason, where there is none.</summary>
    internal static async Task<PgBouncer> StartAsync(string database)
    {
        Assert.SkipWhen(Program is null, "pgbouncer is not installed (apt-get install pgbouncer)");
        var server = new NpgsqlConnectionStringBuilder(database);
        var (folder, port) = (Directory.CreateTempSubdirectory("fulfillment-pooler-").FullName, Ports.Free());
        var at = $"host={server.Host} port={server.Port}";
        var settings = Path.Combine(folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(settings, $"""
            [databases]
            pooled = {at} dbname={server.Database} user={server.Username} password={server.Password}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = {Sessions}
            max_client_conn = 200
            """);
        // It refuses to run as root; its user must reach the file.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            File.SetUnixFileMode(settings, (UnixFileMode)0b110_100_100);
        }

        var child = TestServers.Run.Adopt("pgbouncer", null, Signal.Interrupt, () => Nursery.Bound(
            Program!, [settings], PostgresCluster.ServerUser, Signal.Interrupt));
        await child.StartAsync();
        var pooler = new PgBouncer(child, folder, new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = server.Username,
            Database = "pooled",
        }.ConnectionString);
        await Eventually.HoldsAsync(pooler.AnswersAsync);
        return pooler;
    }

    public async ValueTask DisposeAsync()
    {
        await _child.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(
                ConnectionString + ";Pooling=false;No Reset On Close=true");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
