using System.Text.Json;
using Benchmarks.EfCore;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using StackExchange.Redis;

const int AttemptsMax = 20;

var builder = WebApplication.CreateBuilder(args);
var connection = builder.Configuration.GetConnectionString("ordersdb")!;
// Prepared statements are the cheapest speed that Npgsql has, and off by default: on, to be fair.
builder.Services.AddDbContextPool<ShopContext>(options => options.UseNpgsql(
    new NpgsqlConnectionStringBuilder(connection) { MaxPoolSize = 32, MaxAutoPrepare = 64, AutoPrepareMinUsages = 2 }
        .ConnectionString));
builder.Services.AddSingleton<IConnectionMultiplexer>(
    ConnectionMultiplexer.Connect(builder.Configuration.GetConnectionString("redis")!));
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton<ApiKeys>();
builder.Services.AddHostedService<OutboxRelay>();
builder.Services.AddHealthChecks();

var app = builder.Build();
await using (var scope = app.Services.CreateAsyncScope())
{
    await scope.ServiceProvider.GetRequiredService<ShopContext>().Database.ExecuteSqlRawAsync("""
        CREATE TABLE IF NOT EXISTS outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload text NOT NULL, created_at timestamptz NOT NULL)
        """);
}

app.MapHealthChecks("/health");
if (app.Configuration["Form"] == "tracked") app.MapPost("/orders", PlaceTrackedAsync);
else app.MapPost("/orders", PlaceUpdatingAsync);
await app.RunAsync();

static async Task<IResult> PlaceUpdatingAsync(
    PlaceOrder request, HttpContext context, ApiKeys keys, ShopContext shop, TimeProvider clock,
    CancellationToken cancellation)
{
    if (keys.ClientOf(context) is not { } client) return Results.Unauthorized();
    await using var transaction = await shop.Database.BeginTransactionAsync(cancellation);
    var order = Add(shop, client, request, clock.GetUtcNow());
    await shop.SaveChangesAsync(cancellation);
    // Last, so that a hot row is locked for as short as it can be.
    if (!await Reservation.UpdateAsync(shop, client, request.Lines, cancellation)) return Results.Conflict();
    await transaction.CommitAsync(cancellation);
    return Results.Created($"/orders/{order.OrderId}", Ordering.AnswerTo(order));
}

static async Task<IResult> PlaceTrackedAsync(
    PlaceOrder request, HttpContext context, ApiKeys keys, ShopContext shop, TimeProvider clock,
    CancellationToken cancellation)
{
    if (keys.ClientOf(context) is not { } client) return Results.Unauthorized();
    for (var attempt = 1; ; attempt++)
    {
        try
        {
            if (!await Reservation.TrackAsync(shop, client, request.Lines, cancellation)) return Results.Conflict();
            var order = Add(shop, client, request, clock.GetUtcNow());
            await shop.SaveChangesAsync(cancellation);
            return Results.Created($"/orders/{order.OrderId}", Ordering.AnswerTo(order));
        }
        catch (DbUpdateConcurrencyException) when (attempt < AttemptsMax)
        {
            shop.ChangeTracker.Clear();
        }
    }
}

static Benchmarks.EfCore.Order Add(ShopContext shop, string client, PlaceOrder request, DateTimeOffset now)
{
    var order = Ordering.NewOrder(client, request, now);
    shop.Orders.Add(order);
    shop.Outbox.Add(new OutboxMessage
    {
        Payload = JsonSerializer.Serialize(Ordering.MessageOf(order, request), JsonSerializerOptions.Web),
        CreatedAt = now,
    });
    return order;
}
