using System.Reflection;
using Fulfillment.ServiceDefaults.DataStores;
using Fulfillment.Surge.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Surge.Invariants;

/// <summary>A PostgreSQL with both schemas and a small healthy world in them; each test gets a copy of its own.</summary>
public sealed class ScratchStores : IAsyncLifetime
{
    private readonly List<Child> _children = [];
    private RunFolder? _folder;
    private PostgresServer? _server;
    private int _copies;

    public async ValueTask InitializeAsync()
    {
        _folder = RunFolder.Create(BuildOutput.RunsFolder, TimeProvider.System);
        _server = await PostgresServer.StartAsync(
            _folder, Ports.Free(1)[0], Adopt, TimeProvider.System, TestContext.Current.CancellationToken);
        await _server.CreateDatabasesAsync(["healthy_orders", "healthy_picking"], TestContext.Current.CancellationToken);
        await FillAsync("healthy_orders", "Fulfillment.Orders", HealthyWorld.OrdersSql);
        await FillAsync("healthy_picking", "Fulfillment.Picking", HealthyWorld.PickingSql);
    }

    internal async Task<(NpgsqlDataSource Orders, NpgsqlDataSource Picking)> CopyAsync()
    {
        var number = Interlocked.Increment(ref _copies);
        await _server!.CreateDatabasesAsync(
            [$"orders_{number} TEMPLATE healthy_orders", $"picking_{number} TEMPLATE healthy_picking"],
            TestContext.Current.CancellationToken);
        return (Source($"orders_{number}"), Source($"picking_{number}"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var child in _children)
        {
            await child.StopAsync(TimeSpan.FromSeconds(10));
            await child.DisposeAsync();
        }

        ClusterFolder.Delete(_folder!.Path);
    }

    // A template must have no connection while it is copied, so none is kept.
    private NpgsqlDataSource Source(string database) => NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(_server!.ConnectionString(database)) { Pooling = false }.ConnectionString);

    private async Task FillAsync(string database, string assembly, string sql)
    {
        await using var source = Source(database);
        await Migrator.MigrateAsync(source, Assembly.Load(assembly), NullLogger.Instance, TestContext.Current.CancellationToken);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private Child Adopt(string name, Func<System.Diagnostics.ProcessStartInfo> command, Signal stop)
    {
        var child = new Child(name, null, command, new CappedLog(_folder!.Log(name), 1 << 20), stop, TimeProvider.System);
        _children.Add(child);
        return child;
    }
}
