using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using Npgsql;

namespace Fulfillment.Surge.Invariants;

/// <summary>Invariants 1-10 of the design over both databases, when nothing moves any more.</summary>
internal static class InvariantCheck
{
    /// <param name="ordersDb">Of Orders.</param>
    /// <param name="pickingDb">Of Picking.</param>
    /// <param name="acknowledged">What the harness was told.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="strangers">Orders that somebody forged: Picking may know them, Orders does not.</param>
    internal static async Task<IReadOnlyList<Finding>> RunAsync(
        NpgsqlDataSource ordersDb, NpgsqlDataSource pickingDb, Acknowledgements acknowledged,
        CancellationToken cancellation, IReadOnlyCollection<Guid>? strangers = null)
    {
        var findings = new List<Finding>(await OrdersInvariants.CheckAsync(ordersDb, cancellation));
        foreach (var invariant in PickingInvariants.All)
            findings.Add(
                new(invariant.Number, invariant.Name, await invariant.OffendersAsync(pickingDb, cancellation)));
        findings.Add(await AcknowledgedInvariant.CheckAsync(ordersDb, acknowledged, cancellation));
        HashSet<Guid> apart = [.. strangers ?? [], .. await ParkedAsync(ordersDb, cancellation)];
        foreach (var invariant in CrossInvariants.All)
        {
            var offenders = await invariant.OffendersAsync(ordersDb, pickingDb, apart, cancellation);
            findings.Add(new(invariant.Number, invariant.Name, offenders));
        }

        return [.. findings.OrderBy(finding => finding.Number)];
    }

    // A parked release is in a queue with a name: what Picking tells of it waits there, or a person decided about it.
    private static async Task<List<Guid>> ParkedAsync(NpgsqlDataSource ordersDb, CancellationToken cancellation)
    {
        await using var command = ordersDb.CreateCommand("SELECT DISTINCT order_id FROM parked_releases");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var parked = new List<Guid>();
        while (await row.ReadAsync(cancellation)) parked.Add(row.GetGuid(0));
        return parked;
    }

    internal static InvariantFindings ToReport(IReadOnlyList<Finding> findings) => new(
        findings.Count, findings.Count(finding => finding.Broken),
        [.. findings.SelectMany(
            finding => finding.Offenders.Select(row => $"({finding.Number}) {finding.Name}: {row}"))]);
}
