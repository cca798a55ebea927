namespace Fulfillment.Bench.Intake;

/// <summary>
/// All contenders of a run, started and paused. Ours are one service, shown at each number of connections.
/// </summary>
internal sealed record Field(IReadOnlyList<HttpContender> Ours, IReadOnlyList<Contender> Peers)
{
    internal const string OursName = "ours";
    internal const string PgbenchSeparate = "pgbench, separate statements";
    internal const string PgbenchOne = "pgbench, one statement";
    internal const string Ef = "EF Core and outbox";
    internal const string Wolverine = "Wolverine, EF Core, Postgres";

    internal IEnumerable<Contender> All => [.. Ours, .. Peers];

    internal static async Task<Field> EnterAsync(
        TestBed bed, Shop shop, string orders, IntakeSettings settings, TimeProvider clock,
        CancellationToken cancellation)
    {
        var peers = new List<Contender>();
        if (settings.Peers.Contains("pgbench"))
        {
            foreach (var (name, script) in new[]
                { (PgbenchSeparate, PgbenchScripts.SeparateStatements), (PgbenchOne, PgbenchScripts.OneStatement) })
            {
                var database = $"pgbench_{script}";
                await shop.CopyToAsync(database, cancellation);
                peers.Add(new PgbenchContender(name, database, script, bed.Folder, bed.Database(database)));
            }
        }

        foreach (var peer in PeerServices.All.Where(peer => settings.Peers.Contains(peer.Option)))
            peers.Add(await peer.EnterAsync(bed, shop, settings.Connections, clock, cancellation));

        await shop.CopyToAsync("ours", cancellation);
        var service = await bed.StartOrdersAsync(orders, "ours", new Dictionary<string, string>(), cancellation);
        var ours = settings.Connections.Select(count =>
            new HttpContender($"{OursName}, {count} connections", "ours", shop.Keys, [count], [service], clock));
        var field = new Field([.. ours], peers);
        foreach (var contender in field.All) contender.Pause();
        return field;
    }
}
