using Fulfillment.Picking.Database;
using Fulfillment.Picking.Toggle;
using Fulfillment.Picking.Tours;
using Fulfillment.Picking.Warehouse;
using Fulfillment.Planning;
using Npgsql;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// Turns a pool of releases into committed tours. When it returns, every release of the pool but those that it names is
/// known to the database (planned now, planned before, or in the dead letters) and its entries may be settled; when it
/// throws, nothing happened.
/// </summary>
internal sealed class PlanPool(
    NpgsqlDataSource database, PickingSettings settings, WarehouseLayout layout, PlannerChoice planners,
    ToggleWatch toggle, CommitPlan commit, Faults faults, PickingTelemetry telemetry, TimeProvider clock)
{
    // Only saves planning what is known already; the commit's insert decides. LATERAL with a LIMIT is one probe of the
    // key for each release, also for a plan that was cached while the table was empty and a scan looked cheap.
    private const string KnownSql = """
        SELECT i.order_id, i.release_no FROM unnest($2, $3) AS w (order_id, release_no)
        CROSS JOIN LATERAL (
            SELECT order_id, release_no FROM inbox
            WHERE warehouse_id = $1 AND order_id = w.order_id AND release_no = w.release_no LIMIT 1) AS i
        """;

    private Rung _rung;

    /// <param name="pool">What to plan together.</param>
    /// <param name="backlogAge">How long work has waited; null leaves the rung of the ladder as it is.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <returns>Those that somebody is writing of just now; they are to come again.</returns>
    internal async Task<IReadOnlySet<ReleaseId>> PlanAsync(
        IReadOnlyList<PooledRelease> pool, TimeSpan? backlogAge, CancellationToken cancellation)
    {
        if (backlogAge is { } age)
        {
            _rung = EffortLadder.Next(_rung, age, settings.Effort);
            telemetry.Climbed(_rung, age);
        }

        var (slotted, failed) = await SlotAsync(pool, cancellation);
        var waiting = new HashSet<ReleaseId>();
        // One guard for all that this pool may take, however often it is planned again.
        using var guard = new CancellationTokenSource(settings.Effort.PlanMax, clock);
        while (slotted.Count + failed.Count > 0)
        {
            var planned = Plan(slotted, failed, toggle.Current.State, guard.Token);
            if (planned is null) continue; // refused orders moved to the failed ones
            faults.StopAt.Reached(Faults.BeforeCommit);
            var struck = await commit.CommitAsync(planned, cancellation);
            if (struck.Count == 0)
            {
                faults.StopAt.Reached(Faults.AfterCommit);
                telemetry.Committed(planned);
                break;
            }

            // The rest is another problem and is planned as one.
            waiting.UnionWith(struck.Waiting);
            slotted.RemoveAll(s => struck.Known.Contains(s.Release.Key) || waiting.Contains(s.Release.Key));
            failed.RemoveAll(f => waiting.Contains(f.Release.Key));
        }

        return waiting;
    }

    private async Task<(List<SlottedRelease> Slotted, List<UnplannableRelease> Failed)> SlotAsync(
        IReadOnlyList<PooledRelease> pool, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var known = await KnownAsync(connection, pool, cancellation);
        var open = pool.Where(r => !known.Contains(r.Key)).ToList();
        var skus = open.SelectMany(r => r.Message.Lines.Select(l => new SkuKey(r.Message.ClientId, l.Sku))).Distinct()
            .ToList();
        var slots = await SlotLookup.FirstAfterAsync(
            connection, null, settings.WarehouseId, skus, new short[skus.Count], cancellation);
        var slotOf = skus.Zip(slots).ToDictionary(pair => pair.First, pair => pair.Second);

        var slotted = new List<SlottedRelease>(open.Count);
        var failed = new List<UnplannableRelease>();
        foreach (var release in open)
        {
            var lines = release.Message.Lines;
            var found = lines.Select(l => slotOf[new SkuKey(release.Message.ClientId, l.Sku)]).ToList();
            var missing = found.FindIndex(s => s is null);
            if (missing >= 0)
                failed.Add(new(release, $"no_slot: SKU {lines[missing].Sku} lies nowhere in this warehouse"));
            else slotted.Add(new(release, [.. found.Select(s => s!.Value)]));
        }

        return (slotted, failed);
    }

    private async Task<HashSet<ReleaseId>> KnownAsync(
        NpgsqlConnection connection, IReadOnlyList<PooledRelease> pool, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(KnownSql, connection)
        {
            Parameters =
            {
                Typed.Text(settings.WarehouseId), Typed.Uuids([.. pool.Select(r => r.Key.OrderId)]),
                Typed.Integers([.. pool.Select(r => r.Key.ReleaseNo)]),
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var known = new HashSet<ReleaseId>();
        while (await rows.ReadAsync(cancellation)) known.Add(new(rows.GetGuid(0), rows.GetInt32(1)));
        return known;
    }

    /// <summary>
    /// Each side of the toggle is planned by itself. Null when a planner refused some orders: they are among the failed
    /// now, and the rest is to be planned.
    /// </summary>
    private PlannedPool? Plan(
        List<SlottedRelease> slotted, List<UnplannableRelease> failed, ToggleState state, CancellationToken guard)
    {
        var now = clock.GetUtcNow();
        var parts = new List<PlannedPart>(2);
        foreach (var optimized in (ReadOnlySpan<bool>)[false, true])
        {
            var side = slotted.Where(s => state.IsOnFor(s.Release.Message.ClientId) == optimized).ToList();
            if (side.Count == 0) continue;
            var order = new PlanOrder(
                optimized, state.Shadow, _rung, PlannerChoice.SeedOf(side.Select(s => s.Release.Key)),
                EffortLadder.BudgetOf(_rung, side.Count, settings.Effort));
            var (chosen, refused) = planners.Plan(ProblemOf(side, now), order, guard);
            if (chosen is not null)
            {
                parts.Add(new PlannedPart(side, chosen));
                continue;
            }

            if (refused!.Orders.Count == 0)
                throw new InvalidOperationException($"The planner refused a pool of {side.Count}: {refused.Reason}");
            var at = refused.Orders.Select(o => side[(int)o.Id]).ToHashSet();
            failed.AddRange(at.Select(s => new UnplannableRelease(s.Release, $"unplannable: {refused.Reason}")));
            slotted.RemoveAll(at.Contains);
            return null;
        }

        return new PlannedPool(parts, failed, now);
    }

    private PlanningProblem ProblemOf(List<SlottedRelease> slotted, DateTimeOffset now)
    {
        var cart = new Cart(settings.CartLines, settings.CartLines);
        return new PlanningProblem
        {
            Layout = layout,
            Cart = cart,
            Orders = OrderSplitter.Split([.. slotted.Select(OrderOf)], cart).Orders,
            NowUnixSeconds = now.ToUnixTimeSeconds(),
            Pace = new FloorPace { Pickers = settings.FloorPickers },
        };
    }

    private PlanningOrder OrderOf(SlottedRelease slotted, int index)
    {
        var message = slotted.Release.Message;
        var picks = new Pick[message.Lines.Count];
        for (var line = 0; line < picks.Length; line++)
        {
            faults.ThrowOn(message.Lines[line].Sku);
            var slot = slotted.Slots[line];
            var location = new Shelf(slot.Aisle, slot.Bay, slot.Side).ToLocation()!.Value;
            picks[line] = new Pick(location, message.Lines[line].Quantity, Load: 1, line);
        }

        return new PlanningOrder(new OrderKey(index), picks, message.ShipBy.ToUnixTimeSeconds());
    }
}

/// <summary>What is to be committed in one transaction: a plan for each side of the toggle that has releases.</summary>
internal sealed record PlannedPool(
    IReadOnlyList<PlannedPart> Parts, IReadOnlyList<UnplannableRelease> Failed, DateTimeOffset PlannedAt)
{
    internal IEnumerable<SlottedRelease> Releases => Parts.SelectMany(p => p.Releases);
}

/// <summary>
/// One of them; an order's id in the plan is the index of its release in <paramref name="Releases"/>.
/// </summary>
internal sealed record PlannedPart(IReadOnlyList<SlottedRelease> Releases, ChosenPlan Chosen);
