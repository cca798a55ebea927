using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using Npgsql;

namespace Fulfillment.Surge.Invariants;

/// <summary>Invariants 1-10 of the design over both databases, when nothing moves any more.</summary>
internal static class InvariantCheck
{
    internal static async Task<IReadOnlyList<Finding>> RunAsync(
        NpgsqlDataSource ordersDb, NpgsqlDataSource pickingDb, Acknowledgements acknowledged,
        CancellationToken cancellation)
    {
        var findings = new List<Finding>(await OrdersInvariants.CheckAsync(ordersDb, cancellation));
        foreach (var invariant in PickingInvariants.All)
            findings.Add(
                new(invariant.Number, invariant.Name, await invariant.OffendersAsync(pickingDb, cancellation)));
        findings.Add(await AcknowledgedInvariant.CheckAsync(ordersDb, acknowledged, cancellation));
        foreach (var invariant in CrossInvariants.All)
        {
            var offenders = await invariant.OffendersAsync(ordersDb, pickingDb, cancellation);
            findings.Add(new(invariant.Number, invariant.Name, offenders));
        }

        return [.. findings.OrderBy(finding => finding.Number)];
    }

    internal static InvariantFindings ToReport(IReadOnlyList<Finding> findings) => new(
        findings.Count, findings.Count(finding => finding.Broken),
        [.. findings.SelectMany(
            finding => finding.Offenders.Select(row => $"({finding.Number}) {finding.Name}: {row}"))]);
}
