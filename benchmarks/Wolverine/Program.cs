using Benchmarks.EfCore;
using Benchmarks.Wolverine;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Wolverine;
using Wolverine.EntityFrameworkCore;
using Wolverine.Postgresql;

var builder = WebApplication.CreateBuilder(args);
var connection = new NpgsqlConnectionStringBuilder(builder.Configuration.GetConnectionString("ordersdb"))
{
    MaxPoolSize = 40,
    MaxAutoPrepare = 64,
    AutoPrepareMinUsages = 2,
}.ConnectionString;
builder.Services.AddDbContextWithWolverineIntegration<ShopContext>(
    options => options.UseNpgsql(connection), "wolverine");
builder.Host.UseWolverine(options =>
{
    // One node: no election of leaders and no assignment of agents, which would only cost it.
    options.Durability.Mode = DurabilityMode.Solo;
    options.PersistMessagesWithPostgresql(connection, "wolverine");
    options.UseEntityFrameworkCoreTransactions();
    options.Policies.UseDurableLocalQueues();
    options.Discovery.IncludeType<ReleaseDispatchedHandler>();
});
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton<ApiKeys>();
builder.Services.AddHealthChecks();

var app = builder.Build();
app.MapHealthChecks("/health");
app.MapPost("/orders", PlaceAsync);
await app.RunAsync();

static async Task<IResult> PlaceAsync(
    PlaceOrder request, HttpContext context, ApiKeys keys, IDbContextOutbox<ShopContext> outbox, TimeProvider clock,
    CancellationToken cancellation)
{
    if (keys.ClientOf(context) is not { } client) return Results.Unauthorized();
    var shop = outbox.DbContext;
    await using var transaction = await shop.Database.BeginTransactionAsync(cancellation);
    var order = Ordering.NewOrder(client, request, clock.GetUtcNow());
    shop.Orders.Add(order);
    await outbox.PublishAsync(Ordering.MessageOf(order, request));
    await shop.SaveChangesAsync(cancellation);
    if (!await Reservation.UpdateAsync(shop, client, request.Lines, cancellation)) return Results.Conflict();
    await outbox.SaveChangesAndFlushMessagesAsync(cancellation);
    return Results.Created($"/orders/{order.OrderId}", Ordering.AnswerTo(order));
}
