using System.Threading.Channels;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// Told after a commit that units of these SKUs became free, or fell short: backorders may be sent or re-tried.
/// </summary>
internal delegate ValueTask StockFreed(
    string clientId, IReadOnlyCollection<string> skus, CancellationToken cancellation);

/// <summary>
/// Tells of freed stock beside the feed, which must not wait for the backorders of a viral SKU: what is freed while the
/// last telling is under way is told in one go. A crash loses what was not told yet; the backorders stay queued, until
/// stock of theirs moves next.
/// </summary>
internal sealed partial class FreedStock(ILogger<FreedStock> log, StockFreed? told = null)
{
    private readonly Channel<(string ClientId, string Sku)> _freed = Channel.CreateUnbounded<(string, string)>(
        new UnboundedChannelOptions { SingleReader = true });

    internal void Add(Effects effects)
    {
        if (told is null) return;
        foreach (var (sku, change) in effects.Stock)
            if (change.Freed > 0 || change.Short > 0) _freed.Writer.TryWrite(sku);
    }

    /// <summary>Tells until cancelled.</summary>
    internal async Task TellAsync(CancellationToken cancellation)
    {
        if (told is null) return;
        var freed = new HashSet<(string ClientId, string Sku)>();
        try
        {
            while (await _freed.Reader.WaitToReadAsync(cancellation))
            {
                freed.Clear();
                while (_freed.Reader.TryRead(out var sku)) freed.Add(sku);
                foreach (var client in freed.GroupBy(sku => sku.ClientId, sku => sku.Sku))
                    await TellAsync(client.Key, [.. client], cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    private async Task TellAsync(string clientId, string[] skus, CancellationToken cancellation)
    {
        try
        {
            await told!(clientId, skus, cancellation);
        }
#pragma warning disable CA1031 // Whatever the listener fails with, the next SKUs are still to be told.
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            NotHeard(log, clientId, skus.Length, failed);
        }
#pragma warning restore CA1031
    }

    [LoggerMessage(1, LogLevel.Error, "Backorders of {ClientId} were not re-tried for {Count} SKUs")]
    private static partial void NotHeard(ILogger log, string clientId, int count, Exception failed);
}
