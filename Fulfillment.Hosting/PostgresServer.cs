using System.Security.Cryptography;
using Npgsql;

namespace Fulfillment.Hosting;

/// <summary>What a run's PostgreSQL is to be.</summary>
public sealed record PostgresOptions
{
    /// <summary>The superuser; his password is drawn when none is given.</summary>
    public string User { get; init; } = "postgres";
    public string? Password { get; init; }

    /// <summary>Made before the server starts.</summary>
    public IReadOnlyList<string> Databases { get; init; } = [];

    /// <summary>NAME=VALUE each; they go before the cluster's own.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>It stands on a small disk of its own, where one can be mounted.</summary>
    public bool OnDiskOfItsOwn { get; init; }
}

/// <summary>A PostgreSQL of a run's own; it ends with the run, and its cluster goes.</summary>
public sealed class PostgresServer
{
    private readonly string _connectionString;

    private PostgresServer(Child child, string folder, ClusterDisk? disk, string connectionString) =>
        (Child, Folder, Disk, _connectionString) = (child, folder, disk, connectionString);

    public Child Child { get; }

    /// <summary>The cluster's.</summary>
    public string Folder { get; }

    /// <summary>Null where none was asked for, or none could be mounted.</summary>
    public ClusterDisk? Disk { get; }

    /// <summary>For one database of the cluster.</summary>
    public string ConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder(_connectionString) { Database = database }.ConnectionString;

    /// <summary>Starts one and returns when it answers.</summary>
    /// <exception cref="HostingException">It is not installed, or does not start.</exception>
    public static async Task<PostgresServer> StartAsync(
        LocalRun run, PostgresOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(options);
        var bin = StorePrograms.Postgres;
        var folder = ClusterFolder.Make(run.Folder, PostgresCluster.ServerUser is not null || options.OnDiskOfItsOwn);
        var disk = options.OnDiskOfItsOwn ? ClusterDisk.TryMount(folder) : null;
        var cluster = new PostgresCluster(bin, folder);
        var password = options.Password ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        await cluster.CreateAsync(options.User, password, options.Databases, cancellation);

        var port = Ports.Free();
        var arguments = cluster.Arguments([$"port={port}", .. options.Settings]);
        // SIGINT is its fast shutdown, which does not wait for its clients.
        var child = run.Adopt("postgres", null, Signal.Interrupt, () => Nursery.Bound(
            Path.Combine(bin, "postgres"), arguments, PostgresCluster.ServerUser, Signal.Interrupt));
        var server = new PostgresServer(child, folder, disk, new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = options.User,
            Password = password,
            Database = "postgres",
        }.ConnectionString);
        await server.StartAsync(run.Clock, cancellation);
        return server;
    }

    /// <summary>Starts it again, or for the first time, and returns when it answers.</summary>
    public async Task StartAsync(TimeProvider clock, CancellationToken cancellation)
    {
        await Child.StartAsync();
        await Readiness.WaitAsync(Child, AnswersAsync, clock, cancellation);
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        try
        {
            await using var database = NpgsqlDataSource.Create(_connectionString);
            await using var command = database.CreateCommand("SELECT 1");
            return await command.ExecuteScalarAsync(cancellation) is 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
