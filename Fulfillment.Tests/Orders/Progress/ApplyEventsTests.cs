using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.Progress;
using Fulfillment.Orders.ResendRelease;
using Fulfillment.ServiceDefaults;
using Fulfillment.Tests.Orders.Dispatch;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Xunit;
using static Fulfillment.Tests.Orders.Progress.Applied;

namespace Fulfillment.Tests.Orders.Progress;

public sealed class ApplyEventsTests(TestServers servers)
{
    [Fact]
    public async Task Picking_takes_the_units_off_the_shelf_and_out_of_the_reservation()
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var release = (await DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, EventKinds.Planned);
        feed.Add(release, EventKinds.Picking, lines: new PickedLine(1, "sku-1", 1, 0));
        var picked = feed.Add(
            release, EventKinds.Picked, lines: [new PickedLine(1, "sku-1", 1, 0), new PickedLine(2, "sku-2", 2, 0)]);
        await ApplyAllAsync(room, feed, runMax: 256);

        Assert.Equal(1, await room.CountAsync("Picked"));
        Assert.Equal((0L, 0L, 0L), await StockAsync(room, "sku-1"));
        Assert.Equal("-2,-2", await room.ScalarAsync<string>(
            "SELECT string_agg(on_hand_change::text, ',') FROM stock_ledger WHERE reason = 'Picked'"));
        Assert.Equal("2/2", await room.ScalarAsync<string>(
            "SELECT string_agg(picked::text, '/' ORDER BY line_no) FROM allocations"));
        // Planned: when it was confirmed here; picked: when it was picked there.
        var now = room.Clock.GetUtcNow().UtcDateTime;
        Assert.Equal(now, await room.ScalarAsync<DateTime>("SELECT planned_at FROM releases"));
        Assert.Equal(picked.At.UtcDateTime, await room.ScalarAsync<DateTime>("SELECT picked_at FROM releases"));
        Assert.Equal(3, await room.ScalarAsync<long>("SELECT applied FROM feed_cursors"));
        await AssertStockAddsUpAsync(room);
    }

    [Fact]
    public async Task A_short_goes_missing_and_its_line_waits_for_stock_again()
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var release = (await DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, EventKinds.Planned);
        feed.Add(release, EventKinds.Picking, lines: new PickedLine(1, "sku-1", 0, 1));
        feed.Add(
            release, EventKinds.Picked, lines: [new PickedLine(1, "sku-1", 0, 1), new PickedLine(2, "sku-2", 2, 0)]);
        await ApplyAllAsync(room, feed, runMax: 1);

        Assert.Equal((2L, 0L, 2L), await StockAsync(room, "sku-1")); // on hand, reserved, missing
        Assert.Equal(2, await room.ScalarAsync<int>(
            "SELECT quantity FROM backorders WHERE sku = 'sku-1' AND line_no = 1"));
        Assert.Equal(2, await room.ScalarAsync<int>("SELECT short FROM allocations WHERE line_no = 1"));
        Assert.Equal(2, await room.ScalarAsync<long>(
            "SELECT sum(missing_change)::bigint FROM stock_ledger WHERE reason = 'Short'"));
        await AssertStockAddsUpAsync(room);
    }

    [Fact]
    public async Task A_short_of_an_order_that_is_being_cancelled_waits_for_nothing()
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var release = (await DispatchedAsync(room, orders: 1))[0];
        await room.ExecuteAsync("UPDATE orders SET cancel_requested_at = now()");
        feed.Add(release, EventKinds.Planned);
        feed.Add(
            release, EventKinds.Picked, lines: [new PickedLine(1, "sku-1", 0, 2), new PickedLine(2, "sku-2", 2, 0)]);
        await ApplyAllAsync(room, feed, runMax: 256);
        Assert.Equal(0, await room.ScalarAsync<long>("SELECT count(*) FROM backorders"));
        Assert.Equal(2, await room.ScalarAsync<int>("SELECT cancelled FROM order_lines WHERE line_no = 1"));
        await AssertStockAddsUpAsync(room);
    }

    [Fact]
    public async Task A_cancel_that_won_frees_the_stock_and_closes_the_order()
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var releases = await DispatchedAsync(room, orders: 2);
        await SignalAsync(room, releases[0], "cancel");
        feed.Add(releases[0], EventKinds.Cancelled, signalNo: 1);
        await ApplyAllAsync(room, feed, runMax: 256);

        Assert.Equal((4L, 2L, 0L), await StockAsync(room, "sku-1"));
        Assert.Equal(4L, await room.ScalarAsync<long>("SELECT sum(cancelled) FROM order_lines"));
        Assert.Equal("Cancelled", await room.ScalarAsync<string>("SELECT answer FROM release_signals"));
        Assert.Equal(releases[0].OrderId, await room.ScalarAsync<Guid>(
            "SELECT order_id FROM orders WHERE cancelled_at IS NOT NULL"));
        await AssertStockAddsUpAsync(room);
    }

    [Fact]
    public async Task A_cancel_that_came_too_late_changes_nothing_but_its_answer()
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var release = (await DispatchedAsync(room, orders: 1))[0];
        await SignalAsync(room, release, "cancel");
        feed.Add(release, EventKinds.Planned);
        feed.Add(release, EventKinds.CancelRefused, signalNo: 1, reason: "already_planned");
        await ApplyAllAsync(room, feed, runMax: 256);
        Assert.Equal(1, await room.CountAsync("Planned"));
        Assert.Equal("CancelRefused", await room.ScalarAsync<string>("SELECT answer FROM release_signals"));
        Assert.Equal(0, await room.ScalarAsync<long>("SELECT count(*) FROM orders WHERE cancelled_at IS NOT NULL"));
        await AssertStockAddsUpAsync(room);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_hold_that_won_keeps_the_units_reserved_under_a_new_release(bool stillHeld)
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var release = (await DispatchedAsync(room, orders: 1))[0];
        await SignalAsync(room, release, "hold");
        if (stillHeld)
        {
            await room.ExecuteAsync("""
                INSERT INTO holds (client_id, order_id, name, reason, put_at) VALUES ($1, $2, 'fraud', 'check', now())
                """, release.ClientId, release.OrderId);
        }

        feed.Add(release, EventKinds.Held, signalNo: 1);
        await ApplyAllAsync(room, feed, runMax: 256);
        Assert.Equal("1 Cancelled held,2 Waiting -", await room.ScalarAsync<string>("""
            SELECT string_agg(release_no || ' ' || state || ' ' || COALESCE(reason, '-'), ',' ORDER BY release_no)
            FROM releases
            """));
        Assert.Equal(stillHeld, await room.ScalarAsync<bool>("SELECT held FROM releases WHERE release_no = 2"));
        Assert.Equal(2, await room.ScalarAsync<long>("SELECT count(*) FROM allocations WHERE release_no = 2"));
        Assert.Equal((2L, 2L, 0L), await StockAsync(room, "sku-1"));
        await AssertStockAddsUpAsync(room);

        await room.TakeAllAsync();
        await Backroom.RunAsync(await room.StartRelayAsync());
        Assert.Equal(stillHeld ? 0 : 1, (await room.StandingAsync()).Count); // and it can be dispatched
    }

    [Fact]
    public async Task A_hold_that_won_on_an_order_that_is_cancelled_meanwhile_frees_the_stock()
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var release = (await DispatchedAsync(room, orders: 1))[0];
        await SignalAsync(room, release, "hold");
        await SignalAsync(room, release, "cancel", signalNo: 2);
        feed.Add(release, EventKinds.Held, signalNo: 1);
        feed.Add(release, EventKinds.Cancelled, signalNo: 2);
        await ApplyAllAsync(room, feed, runMax: 256);
        Assert.Equal((2L, 0L, 0L), await StockAsync(room, "sku-1"));
        Assert.Equal(1, await room.ScalarAsync<long>("SELECT count(*) FROM orders WHERE cancelled_at IS NOT NULL"));
        Assert.Equal("Held,Cancelled", await room.ScalarAsync<string>(
            "SELECT string_agg(answer, ',' ORDER BY signal_no) FROM release_signals"));
        await AssertStockAddsUpAsync(room);
    }

    [Fact]
    public async Task A_failed_release_is_parked_and_sent_again_as_a_new_one_once()
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var release = (await DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, EventKinds.Failed, reason: "unknown_sku");
        await ApplyAllAsync(room, feed, runMax: 256);
        Assert.Equal("unknown_sku", await room.ScalarAsync<string>(
            "SELECT reason FROM releases WHERE state = 'Failed'"));
        Assert.Equal((2L, 2L, 0L), await StockAsync(room, "sku-1")); // parked: still reserved

        Assert.Equal(2, Assert.IsType<Ok<ResentRelease>>((await ResendAsync(room, release)).Result).Value!.ReleaseNo);
        Assert.Equal("Cancelled,Waiting", await room.ScalarAsync<string>(
            "SELECT string_agg(state, ',' ORDER BY release_no) FROM releases"));
        Assert.Equal(2, await room.ScalarAsync<long>("SELECT count(*) FROM allocations WHERE release_no = 2"));
        Assert.Equal(StatusCodes.Status409Conflict, StatusOf(await ResendAsync(room, release)));
        Assert.Equal(StatusCodes.Status404NotFound, StatusOf(await ResendAsync(room, release with { ReleaseNo = 9 })));
        await AssertStockAddsUpAsync(room);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "gap", EventFault.WrongVersion }, { "repeat", EventFault.WrongVersion },
        { "unknown release", EventFault.UnknownRelease }, { "another's release", EventFault.UnknownRelease },
        { "illegal", EventFault.IllegalTransition }, { "unknown kind", EventFault.UnknownKind },
        { "unreadable", EventFault.Unreadable }, { "no lines", EventFault.Incomplete },
        { "a line without a SKU", EventFault.Incomplete }, { "units below zero", EventFault.Incomplete },
        { "no signal", EventFault.Incomplete },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task What_does_not_fit_parks_its_release_and_the_rest_of_its_run_is_applied(string wrong, string code)
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var releases = await DispatchedAsync(room, orders: 3);
        feed.Add(releases[0], EventKinds.Planned);
        if (wrong is "no lines" or "a line without a SKU" or "units below zero")
            feed.Add(releases[1], EventKinds.Planned);
        var odd = wrong switch
        {
            "gap" => feed.Add(releases[1], EventKinds.Planned, version: 2),
            "repeat" => feed.Add(releases[0], EventKinds.Planned, version: 1),
            "unknown release" => feed.Add(releases[1] with { ReleaseNo = 7 }, EventKinds.Planned),
            "another's release" => feed.Add(releases[1] with { ClientId = "another" }, EventKinds.Planned),
            "illegal" => feed.Add(releases[1], EventKinds.Picked, lines: new PickedLine(1, "sku-1", 1, 0)),
            "unreadable" => feed.AddBroken(releases[1], "no JSON"),
            "no lines" => feed.Add(releases[1], EventKinds.Picked),
            "a line without a SKU" => feed.Add(releases[1], EventKinds.Picking, lines: new PickedLine(1, null!, 1, 0)),
            "units below zero" => feed.Add(releases[1], EventKinds.Picking, lines: new PickedLine(1, "sku-1", -1, 2)),
            "no signal" => feed.Add(releases[1], EventKinds.Cancelled),
            _ => feed.Add(releases[1], "Teleported"),
        };
        var parked = new ReleaseKey(odd.ClientId, odd.OrderId, odd.ReleaseNo);
        feed.Add(parked, EventKinds.Failed, version: odd.Version + 1, reason: "later"); // queues behind
        feed.Add(releases[2], EventKinds.Planned);

        await ApplyAllAsync(room, feed, runMax: 256);
        Assert.Equal("Planned", await room.ScalarAsync<string>(
            "SELECT state FROM releases WHERE order_id = $1", releases[2].OrderId));
        Assert.Equal(0, await room.CountAsync("Failed"));
        Assert.Equal(code, await room.ScalarAsync<string>("SELECT code FROM parked_releases WHERE order_id = $1",
            odd.OrderId));
        Assert.Equal(2, await room.ScalarAsync<long>("SELECT count(*) FROM parked_events WHERE order_id = $1",
            odd.OrderId));
        Assert.Equal(1, await room.ScalarAsync<long>("SELECT count(*) FROM parked_releases"));
        Assert.Equal((long)feed.Count, await room.ScalarAsync<long>("SELECT applied FROM feed_cursors"));
        await AssertStockAddsUpAsync(room);
    }

    public static TheoryData<string> Refused =>
        ["unknown line", "too many units", "not all that was allocated", "an answer to nothing", "the wrong answer"];

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_the_database_refuses_is_refused_as_a_whole_for_the_reader_to_try_apart(string wrong)
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var releases = await DispatchedAsync(room, orders: 2);
        feed.Add(releases[0], EventKinds.Planned);
        await SignalAsync(room, releases[1], "hold");
        _ = wrong switch
        {
            "unknown line" => feed.Add(releases[0], EventKinds.Picking, lines: new PickedLine(9, "sku-1", 1, 0)),
            "too many units" => feed.Add(releases[0], EventKinds.Picking, lines: new PickedLine(1, "sku-1", 3, 0)),
            "not all that was allocated" =>
                feed.Add(releases[0], EventKinds.Picked, lines: new PickedLine(1, "sku-1", 2, 0)),
            "an answer to nothing" => feed.Add(releases[0], EventKinds.CancelRefused, signalNo: 1),
            _ => feed.Add(releases[1], EventKinds.Cancelled, signalNo: 1),
        };

        var refused = await Record.ExceptionAsync(() => ApplyAllAsync(room, feed, runMax: 256));
        Assert.True(EventsRefusedException.Explains(refused!, out _), $"{refused}");
        Assert.Equal(2, await room.CountAsync("Dispatched"));
        Assert.Equal(0, await room.ScalarAsync<long>("SELECT applied FROM feed_cursors"));
        await AssertStockAddsUpAsync(room);
    }

    private static async Task<(long OnHand, long Reserved, long Missing)> StockAsync(Backroom room, string sku)
    {
        await using var command = room.Database.CreateCommand(
            "SELECT on_hand, reserved, missing FROM stock WHERE sku = $1");
        command.Parameters.Add(new Npgsql.NpgsqlParameter { Value = sku });
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    private static Task<Results<Ok<ResentRelease>, JsonHttpResult<Problem>>> ResendAsync(
        Backroom room, ReleaseKey release) => ResendReleaseEndpoint.HandleAsync(
        release.OrderId, release.ReleaseNo, release.ClientId, room.Database, new DispatchSignal(), room.Clock,
        CancellationToken.None);

    private static int? StatusOf(Results<Ok<ResentRelease>, JsonHttpResult<Problem>> result) =>
        Assert.IsType<JsonHttpResult<Problem>>(result.Result).StatusCode;
}
