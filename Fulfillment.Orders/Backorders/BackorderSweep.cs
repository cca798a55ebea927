using Fulfillment.Orders.PlaceOrder;
using Fulfillment.ServiceDefaults.Leadership;

namespace Fulfillment.Orders.Backorders;

/// <summary>
/// Sends what waits although its stock is there. Whoever raises stock asks for that after the commit, and may die in
/// between; so every backorder is looked at when a replica starts and from time to time, by one replica at a time.
/// </summary>
internal sealed class BackorderSweep(
    Leaderships leaderships, IntakeWriter writer, BackorderOptions options) : BackgroundService
{
    // A FillAll order that waits for more than there is comes again each time: the writer leaves it as it is.
    private const string FindSql = """
        SELECT b.client_id, array_agg(DISTINCT b.sku) FROM backorders b JOIN stock s USING (client_id, sku)
        WHERE s.on_hand - s.reserved - s.missing > 0 GROUP BY b.client_id
        """;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        leaderships.RunAsync("backorder sweep", RunAsync, stoppingToken);

    private async Task RunAsync(Leader leader, CancellationToken cancellation)
    {
        while (true)
        {
            await SweepAsync(leader, cancellation);
            await leader.RestAsync(options.SweepInterval, cancellation);
        }
    }

    private async Task SweepAsync(Leader leader, CancellationToken cancellation)
    {
        var found = new List<(string ClientId, string[] Skus)>();
        await using (var find = leader.CreateCommand(FindSql))
        await using (var reader = await find.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
                found.Add((reader.GetString(0), reader.GetFieldValue<string[]>(1)));
        }

        foreach (var (clientId, skus) in found)
        {
            await writer.ReallocateAsync(clientId, skus).WaitAsync(cancellation);
            leader.TurnFinished();
        }
    }
}
