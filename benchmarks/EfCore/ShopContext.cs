using Microsoft.EntityFrameworkCore;

namespace Benchmarks.EfCore;

/// <summary>The tables of ordersdb as EF Core maps them, and the outbox.</summary>
public sealed class ShopContext(DbContextOptions<ShopContext> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();
    public DbSet<Stock> Stock => Set<Stock>();
    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.Entity<Order>(order =>
        {
            order.ToTable("orders").HasKey(o => new { o.ClientId, o.OrderId });
            order.HasMany(o => o.Lines).WithOne().HasForeignKey(l => new { l.ClientId, l.OrderId });
            order.HasMany(o => o.Releases).WithOne().HasForeignKey(r => new { r.ClientId, r.OrderId });
        });
        modelBuilder.Entity<OrderLine>().ToTable("order_lines").HasKey(l => new { l.ClientId, l.OrderId, l.LineNo });
        modelBuilder.Entity<Release>(release =>
        {
            release.ToTable("releases").HasKey(r => new { r.ClientId, r.OrderId, r.ReleaseNo });
            release.HasMany(r => r.Allocations).WithOne()
                .HasForeignKey(a => new { a.ClientId, a.OrderId, a.ReleaseNo });
        });
        modelBuilder.Entity<Allocation>().ToTable("allocations")
            .HasKey(a => new { a.ClientId, a.OrderId, a.ReleaseNo, a.LineNo });
        modelBuilder.Entity<Stock>(stock =>
        {
            stock.ToTable("stock").HasKey(s => new { s.ClientId, s.Sku });
            stock.Property(s => s.Version).HasColumnName("xmin").IsRowVersion();
        });
        modelBuilder.Entity<OutboxMessage>(message =>
        {
            message.ToTable("outbox").HasKey(m => m.Id);
            message.Property(m => m.Id).UseIdentityAlwaysColumn();
        });
        foreach (var property in modelBuilder.Model.GetEntityTypes().SelectMany(entity => entity.GetProperties()))
        {
            if (property.GetColumnName() != "xmin") property.SetColumnName(SnakeCase(property.Name));
        }
    }

    private static string SnakeCase(string name) => string.Concat(name.Select((letter, at) =>
        char.IsUpper(letter) ? (at == 0 ? "" : "_") + char.ToLowerInvariant(letter) : letter.ToString()));
}

public sealed class Order
{
    public required string ClientId { get; init; }
    public required Guid OrderId { get; init; }
    public required string ClientOrderId { get; init; }
    public required byte[] BodyHash { get; init; }
    public string? IdempotencyKey { get; init; }
    public required string WarehouseId { get; init; }
    public required string ServiceLevel { get; init; }
    public required string Allocation { get; init; }
    public required DateTimeOffset ShipBy { get; init; }
    public required string ShipTo { get; init; }
    public required DateTimeOffset PlacedAt { get; init; }
    public string? Traceparent { get; init; }
    public List<OrderLine> Lines { get; init; } = [];
    public List<Release> Releases { get; init; } = [];
}

public sealed class OrderLine
{
    public required string ClientId { get; init; }
    public required Guid OrderId { get; init; }
    public required int LineNo { get; init; }
    public required string Sku { get; init; }
    public required int Quantity { get; init; }
}

public sealed class Release
{
    public required string ClientId { get; init; }
    public required Guid OrderId { get; init; }
    public required int ReleaseNo { get; init; }
    public required string WarehouseId { get; init; }
    public required string State { get; init; }
    public bool Held { get; init; }
    public required DateTimeOffset ShipBy { get; init; }
    public required int LineCount { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public List<Allocation> Allocations { get; init; } = [];
}

public sealed class Allocation
{
    public required string ClientId { get; init; }
    public required Guid OrderId { get; init; }
    public required int ReleaseNo { get; init; }
    public required int LineNo { get; init; }
    public required string Sku { get; init; }
    public required int Quantity { get; init; }
}

public sealed class Stock
{
    public required string ClientId { get; init; }
    public required string Sku { get; init; }
    public long OnHand { get; set; }
    public long Reserved { get; set; }
    public long Missing { get; set; }
    public uint Version { get; set; }
}

public sealed class OutboxMessage
{
    public long Id { get; init; }
    public required string Payload { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}
