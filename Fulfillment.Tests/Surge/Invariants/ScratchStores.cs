using System.Reflection;
using Fulfillment.Hosting;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Surge.Invariants;

/// <summary>A PostgreSQL with both schemas and a small healthy world in them; each test gets a copy of its own.</summary>
public sealed class ScratchStores : IAsyncLifetime
{
    private readonly LocalRun _run = new(BuildOutput.RunsFolder, TimeProvider.System);
    private PostgresServer? _server;
    private int _copies;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync(
            _run, new PostgresOptions { Databases = ["healthy_orders", "healthy_picking"] },
            TestContext.Current.CancellationToken);
        await FillAsync("healthy_orders", "Fulfillment.Orders", HealthyWorld.OrdersSql);
        await FillAsync("healthy_picking", "Fulfillment.Picking", HealthyWorld.PickingSql);
    }

    internal async Task<(NpgsqlDataSource Orders, NpgsqlDataSource Picking)> CopyAsync()
    {
        var number = Interlocked.Increment(ref _copies);
        await using var all = Source("postgres");
        foreach (var name in (string[])["orders", "picking"])
        {
            await using var copy = all.CreateCommand($"CREATE DATABASE {name}_{number} TEMPLATE healthy_{name}");
            await copy.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        return (Source($"orders_{number}"), Source($"picking_{number}"));
    }

    public ValueTask DisposeAsync() => _run.DisposeAsync();

    // A template must have no connection while it is copied, so none is kept.
    private NpgsqlDataSource Source(string database) => NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(_server!.ConnectionString(database)) { Pooling = false }.ConnectionString);

    private async Task FillAsync(string database, string assembly, string sql)
    {
        await using var source = Source(database);
        await Migrator.MigrateAsync(
            source, Assembly.Load(assembly), new MigrationOptions(), TimeProvider.System, NullLogger.Instance,
            TestContext.Current.CancellationToken);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
