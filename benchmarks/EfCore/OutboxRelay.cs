using Microsoft.EntityFrameworkCore;
using StackExchange.Redis;

namespace Benchmarks.EfCore;

/// <summary>
/// Publishes what stands in the outbox, in batches, and deletes it. Like the product's relay it leaves the backlog in
/// the database while the stream is full, so that neither pays for more dispatch than the other.
/// </summary>
public sealed class OutboxRelay(IServiceScopeFactory scopes, IConnectionMultiplexer redis, TimeProvider clock)
    : BackgroundService
{
    private const string Stream = "peer:orders";
    private const int BatchMax = 100;
    private const int StreamLengthMax = 240;
    private static readonly TimeSpan IdleDelay = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (!await PublishSomeAsync(stoppingToken)) await Task.Delay(IdleDelay, clock, stoppingToken);
        }
    }

    private async Task<bool> PublishSomeAsync(CancellationToken cancellation)
    {
        var stream = redis.GetDatabase();
        if (await stream.StreamLengthAsync(Stream) >= StreamLengthMax) return false;
        await using var scope = scopes.CreateAsyncScope();
        var shop = scope.ServiceProvider.GetRequiredService<ShopContext>();
        var batch = await shop.Outbox.AsNoTracking().OrderBy(m => m.Id).Take(BatchMax).ToListAsync(cancellation);
        if (batch.Count == 0) return false;
        await Task.WhenAll(batch.Select(message => stream.StreamAddAsync(Stream, "payload", message.Payload)));
        var published = batch.ConvertAll(message => message.Id);
        await shop.Outbox.Where(m => published.Contains(m.Id)).ExecuteDeleteAsync(cancellation);
        return true;
    }
}
