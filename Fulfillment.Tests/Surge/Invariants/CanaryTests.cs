using Fulfillment.Surge.Invariants;
using Fulfillment.Surge.Load;
using Xunit;

namespace Fulfillment.Tests.Surge.Invariants;

/// <summary>A checker that was never seen to fail proves nothing: each invariant has a planted bug that it must name.</summary>
public sealed class CanaryTests(ScratchStores stores) : IClassFixture<ScratchStores>
{
    private const string InOrders = "orders";
    private const string InPicking = "picking";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    /// <summary>Invariant, database, the bug, and a word of the row that must be named.</summary>
    public static TheoryData<string, string, string, string> Canaries => new()
    {
        { "stock covers what is reserved and missing", InOrders,
            "ALTER TABLE stock DROP CONSTRAINT stock_covers; UPDATE stock SET reserved = 96 WHERE sku = 'A'", "acme/A" },
        { "reserved = open allocations", InOrders, "UPDATE stock SET reserved = reserved - 1 WHERE sku = 'B'", "acme/B" },
        { "on hand = ledger", InOrders, "UPDATE stock SET on_hand = on_hand + 1 WHERE sku = 'B'", "acme/B" },
        { "picked = ledger", InOrders,
            "UPDATE stock SET on_hand = on_hand - 5 WHERE sku = 'A'; INSERT INTO stock_ledger (client_id, sku, on_hand_change, missing_change, reason, reference, at) "
            + "SELECT client_id, sku, on_hand_change, 0, reason, reference, at FROM stock_ledger WHERE reference = 'p1'", "picked 5, ledger 10" },
        { "every signal is answered", InOrders,
            "UPDATE release_signals SET answered_at = NULL", "000000000004" },
        { "what is shipped has units", InOrders,
            "UPDATE orders SET shipped_at = now() WHERE client_order_id = 'order-2'", "000000000002" },
        { "an order of which nothing is left is cancelled", InOrders,
            "UPDATE orders SET cancelled_at = NULL WHERE client_order_id = 'order-4'", "000000000004" },
        { "a tour is done with its last task", InPicking,
            "UPDATE tours SET state = 'Leased', picker_id = 'p', leased_until = now() WHERE state = 'Done'", "0 are open" },
        { "no release is stuck", InOrders, "UPDATE releases SET held = false WHERE state = 'Waiting'", "Waiting" },
        { "no order is lost", InOrders, "DELETE FROM backorders", "000000000003" },
        { "each line adds up", InOrders, "UPDATE backorders SET quantity = 49", "backordered 49" },
        { "each row belongs to its client", InOrders,
            "UPDATE releases SET client_id = 'zeta' WHERE state = 'Failed'", "zeta" },
        { "one live lease per tour and picker", InPicking,
            "DROP INDEX tours_picker; UPDATE tours SET state = 'Leased', picker_id = 'p', leased_until = now() WHERE state = 'Planned'", "picker p" },
        { "one effect per scan", InPicking,
            "INSERT INTO scans SELECT warehouse_id, tour_id, task_no, fence, 's2', picked, short, at FROM scans", "scans 10" },
        { "events stand in the order of their versions", InPicking,
            "UPDATE events SET version = version + 5 WHERE kind = 'Failed'", "version 6" },
        { AcknowledgedInvariant.Name, InOrders,
            "UPDATE orders SET client_order_id = 'another' WHERE client_order_id = 'order-1'", "nothing" },
        { "every failed release is in the dead letters", InPicking, "DELETE FROM dead_letters", "000000000005" },
        { "units in tasks = units allocated, once planned", InPicking,
            "UPDATE tasks SET quantity = 6, picked = 6", "6 units" },
        { "every event had its effect once", InOrders, "UPDATE releases SET feed_version = 1 WHERE state = 'Picked'", "1 events" },
    };

    /// <summary>The same bugs in an order that is past: invariant, what is changed into what.</summary>
    public static TheoryData<string, string, string> PastCanaries => new()
    {
        { "reserved = open allocations", "'picked':2", "'picked':1" },
        { "no release is stuck", "'state':'Picked'", "'state':'Planned'" },
        { "no order is lost", "'releases':[{", "'forgotten':[{" },
        { "each line adds up", "'quantity':2,'shipped':2", "'quantity':3,'shipped':2" },
        { "each line adds up", "'shipped':2", "'shipped':3" },
        { "each row belongs to its client", "'sku':'B','quantity':2,'picked'", "'sku':'A','quantity':2,'picked'" },
        { "units in tasks = units allocated, once planned", "'quantity':2,'picked':2", "'quantity':3,'picked':3" },
        { "every event had its effect once", "'feed_version':2", "'feed_version':1" },
        { "picked = ledger", "'picked':2", "'picked':1,'short':1" },
        { "every signal is answered", "'answered_at'", "'asked_at'" },
        { "what is shipped has units", "'quantity':2,'shipped':2", "'quantity':2,'shipped':0" },
        { "an order of which nothing is left is cancelled", "'quantity':2,'shipped':2", "'quantity':2,'cancelled':2,'shipped':2" },
        { AcknowledgedInvariant.Name, "", "" },
    };

    [Fact]
    public async Task A_healthy_world_breaks_no_invariant()
    {
        var findings = await CheckAsync(InOrders, "SELECT 1");

        Assert.Empty(findings.SelectMany(finding => finding.Offenders));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], findings.Select(finding => finding.Number).Distinct());
    }

    [Theory]
    [MemberData(nameof(Canaries))]
    public async Task A_planted_bug_is_seen_by_its_invariant(string name, string database, string bug, string named)
    {
        var findings = await CheckAsync(database, bug);

        var finding = Assert.Single(findings, finding => finding.Name == name);
        Assert.Contains(finding.Offenders, row => row.Contains(named, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(PastCanaries))]
    public async Task A_planted_bug_in_a_past_order_is_seen_too(string name, string was, string becomes)
    {
        var bug = was.Length == 0
            ? "UPDATE past_orders SET client_order_id = 'another'"
            : $"UPDATE past_orders SET work = replace(work::text, '{Quoted(was)}', '{Quoted(becomes)}')::json";
        var findings = await CheckAsync(InOrders, bug);

        var finding = Assert.Single(findings, finding => finding.Name == name);
        Assert.Contains(finding.Offenders, row =>
            ((string[])["000000000006", "order-6", "acme/B"]).Any(
                named => row.Contains(named, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_order_that_is_past_and_open_at_once_is_seen()
    {
        var findings = await CheckAsync(InOrders, "UPDATE past_orders SET client_order_id = 'order-1'");

        var finding = Assert.Single(findings, finding => finding.Name == "no order is lost");
        Assert.Contains("order-1", Assert.Single(finding.Offenders), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_that_nobody_placed_is_seen_and_passed_over_only_when_it_is_known_as_forged()
    {
        var forged = Guid.Parse("00000000-0000-0000-0000-00000000000f");
        var bug = $"""
            INSERT INTO events (warehouse_id, client_id, order_id, release_no, version, kind, at)
            VALUES ('main', 'acme', '{forged}', 1, 1, 'Planned', now())
            """;

        Assert.Contains(await CheckAsync(InPicking, bug), finding => finding.Broken);
        Assert.DoesNotContain(await CheckAsync(InPicking, bug, forged), finding => finding.Broken);
        Assert.Contains(await CheckAsync(InPicking, bug, Guid.NewGuid()), finding => finding.Broken);
    }

    [Fact]
    public async Task Every_invariant_has_its_canary()
    {
        var names = (await CheckAsync(InOrders, "SELECT 1")).Select(finding => finding.Name).Order();

        Assert.Equal(names, Canaries.Select(row => row.Data.Item1).Order());
    }

    [Fact]
    public async Task Two_answers_to_one_id_are_a_contradiction()
    {
        var (orders, picking) = await stores.CopyAsync();
        await using var first = orders;
        await using var second = picking;
        var told = Told();
        told.Accept(Order(), Guid.NewGuid(), DateTimeOffset.UnixEpoch, repeat: true);

        var finding = await AcknowledgedInvariant.CheckAsync(orders, told, Cancellation);

        Assert.Contains("first", Assert.Single(finding.Offenders), StringComparison.Ordinal);
    }

    private static string Quoted(string json) => json.Replace('\'', '"');

    private async Task<IReadOnlyList<Finding>> CheckAsync(string database, string bug, params Guid[] forged)
    {
        var (orders, picking) = await stores.CopyAsync();
        await using var first = orders;
        await using var second = picking;
        await using var plant = (database == InOrders ? orders : picking).CreateCommand(bug);
        await plant.ExecuteNonQueryAsync(Cancellation);
        return await InvariantCheck.RunAsync(orders, picking, Told(), Cancellation, forged);
    }

    private static Acknowledgements Told()
    {
        var told = new Acknowledgements();
        told.Accept(Order(), Guid.Parse(HealthyWorld.Picked), DateTimeOffset.UnixEpoch, repeat: false);
        var past = new PlannedOrder(TimeSpan.Zero, "acme", "order-6", [new PlannedLine("B", 2)]);
        told.Accept(past, Guid.Parse(HealthyWorld.Past), DateTimeOffset.UnixEpoch, repeat: false);
        return told;
    }

    private static PlannedOrder Order() => new(TimeSpan.Zero, "acme", "order-1", [new PlannedLine("A", 5)]);
}
