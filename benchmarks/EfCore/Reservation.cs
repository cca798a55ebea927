using Microsoft.EntityFrameworkCore;

namespace Benchmarks.EfCore;

/// <summary>
/// The two ways to reserve stock that the documentation of EF Core shows. Both take the SKUs in one order, so that two
/// orders do not wait for each other in a circle.
/// </summary>
public static class Reservation
{
    /// <summary>A conditional UPDATE per line inside the transaction; false when one of them is sold out.</summary>
    public static async Task<bool> UpdateAsync(
        ShopContext shop, string clientId, IEnumerable<PlaceOrderLine> lines, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(shop);
        foreach (var line in lines.OrderBy(line => line.Sku, StringComparer.Ordinal))
        {
            var updated = await shop.Stock
                .Where(s => s.ClientId == clientId && s.Sku == line.Sku
                    && s.OnHand - s.Reserved - s.Missing >= line.Quantity)
                .ExecuteUpdateAsync(
                    set => set.SetProperty(s => s.Reserved, s => s.Reserved + line.Quantity), cancellation);
            if (updated == 0) return false;
        }

        return true;
    }

    /// <summary>Tracked rows with xmin as their version: SaveChanges fails when another order was faster.</summary>
    public static async Task<bool> TrackAsync(
        ShopContext shop, string clientId, IReadOnlyList<PlaceOrderLine> lines, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(shop);
        var skus = lines.Select(line => line.Sku).ToList();
        var stock = await shop.Stock.Where(s => s.ClientId == clientId && skus.Contains(s.Sku))
            .ToListAsync(cancellation);
        foreach (var line in lines)
        {
            var found = stock.Find(s => s.Sku == line.Sku);
            if (found is null || found.OnHand - found.Reserved - found.Missing < line.Quantity) return false;
            found.Reserved += line.Quantity;
        }

        return true;
    }
}
