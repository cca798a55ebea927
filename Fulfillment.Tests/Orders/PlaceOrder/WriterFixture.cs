using System.Collections.Concurrent;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.PlaceOrder;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Orders.PlaceOrder;

/// <summary>A fresh database with client "acme" and SKUs a, b, c, and intake writers that a test drives by hand.</summary>
public sealed class WriterFixture(TestServers servers) : IAsyncLifetime
{
    private static readonly DateTimeOffset PlacedAt = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    public string ConnectionString { get; private set; } = "";
    public NpgsqlDataSource Database { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        ConnectionString = await servers.CreateOrdersDatabaseAsync();
        Database = NpgsqlDataSource.Create(ConnectionString);
        await ExecuteAsync("""
            INSERT INTO warehouses (warehouse_id, name, created_at) VALUES ('east', 'East', now());
            INSERT INTO clients (client_id, name, warehouse_id, created_at) VALUES ('acme', 'Acme', 'east', now());
            INSERT INTO skus (client_id, sku, name, created_at) VALUES ('acme', 'a', 'A', now()), ('acme', 'b', 'B', now()),
                ('acme', 'c', 'C', now());
            INSERT INTO stock (client_id, sku) VALUES ('acme', 'a'), ('acme', 'b'), ('acme', 'c')
            """);
    }

    internal IntakeWriter NewWriter(
        ILogger<IntakeWriter> log, NpgsqlDataSource? database = null, IntakeOptions? options = null) =>
        new(database ?? Database, new DispatchSignal(), options ?? IntakeOptions.Default, TimeProvider.System, log);

    internal static NewOrder NewOrder(string id, string sku = "a", int quantity = 1, string shipTo = "{}") => new()
    {
        ClientId = "acme",
        OrderId = Guid.CreateVersion7(PlacedAt),
        ClientOrderId = id,
        BodyHash = [.. BitConverter.GetBytes(quantity), .. System.Text.Encoding.UTF8.GetBytes(sku)],
        IdempotencyKey = null,
        WarehouseId = "east",
        ServiceLevel = "Standard",
        FillAll = true,
        ShipBy = PlacedAt.AddDays(1),
        ShipTo = shipTo,
        PlacedAt = PlacedAt,
        TraceParent = null,
        Lines = [new NewLine(sku, quantity)],
    };

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<long> CountAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}

/// <summary>What a writer has warned of.</summary>
internal sealed class Warnings : ILogger<IntakeWriter>
{
    internal ConcurrentQueue<string> Seen { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => Seen.Enqueue(formatter(state, exception));
}
