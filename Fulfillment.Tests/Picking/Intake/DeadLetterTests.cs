using System.Buffers.Binary;
using System.Text;
using Fulfillment.Contracts;
using Fulfillment.Picking.DeadLetters;
using Fulfillment.Picking.Intake;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Picking.Intake;

public sealed class DeadLetterTests(TestServers servers)
{
    [Fact]
    public async Task A_poison_in_a_pool_ends_alone_in_the_dead_letters()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        await bench.SlotAsync("POISON", 1, 1);
        var good = Enumerable.Range(0, 9).Select(_ => bench.Release(["A"])).ToList();
        var poison = bench.Release(["A", "POISON"]);
        foreach (var release in good.Take(4)) await bench.PublishAsync(release);
        await bench.PublishAsync(poison);
        foreach (var release in good.Skip(4)) await bench.PublishAsync(release);

        var (worker, queue) = bench.Worker(Faults.None with { PoisonSku = "POISON" });
        await queue.ReadAsync(1); // makes the group
        await worker.PollOnceAsync(CancellationToken.None);
        foreach (var release in good) Assert.Equal(["1 Planned"], await bench.KindsAsync(release)); // in the same poll
        Assert.Equal(1, await bench.Keys.StreamLengthAsync(bench.Stream));
        Assert.Equal(1, await bench.ScalarAsync<int>("SELECT failures FROM lone_failures"));

        await bench.DrainAsync(worker);
        Assert.Equal(["1 Failed"], await bench.KindsAsync(poison));
        var letter = Assert.Single(await LettersAsync(bench));
        Assert.Equal((poison.OrderId, true), (letter.OrderId, letter.CanBeSentAgain));
        Assert.StartsWith("failed_alone: 5 times", letter.Reason, StringComparison.Ordinal);
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM lone_failures"));
    }

    [Fact]
    public async Task A_release_delivered_for_the_third_time_is_planned_alone()
    {
        await using var bench = await PickingBench.CreateAsync(servers, s => s with { ClaimAfter = TimeSpan.Zero });
        await bench.SlotAsync("A", 1, 1);
        await bench.PublishAsync(bench.Release(["A"]));
        await bench.PublishAsync(bench.Release(["A"]));
        var (_, dying) = bench.Worker();
        await dying.ReadAsync(1); // makes the group
        Assert.Equal(2, (await dying.ReadAsync(10)).Length); // first delivery: dies with both
        Assert.Equal([2, 2], (await bench.Worker().Queue.ClaimAsync(10))
            .Select(d => d.Count)); // and the second one too
        await bench.DrainAsync();
        Assert.Equal(2, await bench.ScalarAsync<long>("SELECT count(*) FROM plans")); // third: a plan for each
    }

    [Fact]
    public async Task A_worker_whose_clock_is_set_back_goes_on_to_take_over_what_others_left()
    {
        await using var bench = await PickingBench.CreateAsync(
            servers, s => s with { ClaimAfter = TimeSpan.Zero, ClaimEvery = TimeSpan.FromMinutes(1) });
        await bench.SlotAsync("A", 1, 1);
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var clock = new SteppedClock(time);
        var (worker, queue) = bench.Worker(clock: clock);
        await queue.ReadAsync(1); // makes the group
        Assert.Equal(Poll.Idle, await worker.PollOnceAsync(CancellationToken.None)); // looks for the first time
        await bench.PublishAsync(bench.Release(["A"]));
        Assert.Single(await bench.Worker().Queue.ReadAsync(1)); // another takes it, and dies

        clock.Step = TimeSpan.FromHours(-3);
        Assert.Equal(Poll.Idle, await worker.PollOnceAsync(CancellationToken.None)); // too soon
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(Poll.Again, await worker.PollOnceAsync(CancellationToken.None));
        Assert.Equal(1, await bench.ScalarAsync<long>("SELECT count(*) FROM inbox"));
    }

    [Fact]
    public async Task A_release_that_kills_its_process_counts_too_and_is_buried_without_another_try()
    {
        await using var bench = await PickingBench.CreateAsync(servers, s => s with { ClaimAfter = TimeSpan.Zero });
        await bench.SlotAsync("A", 1, 1);
        var release = bench.Release(["A"]);
        await bench.PublishAsync(release);
        var (worker, queue) = bench.Worker();
        await queue.ReadAsync(1); // makes the group
        await queue.ReadAsync(1);
        await queue.ClaimAsync(1);
        var failures = new LoneFailures(bench.Database, bench.Settings, TimeProvider.System);
        // Five attempts that began and never came back.
        for (var i = 0; i < LoneFailures.FailuresMax; i++)
            await failures.BeginAsync(new ReleaseId(release.OrderId, 1), CancellationToken.None);
        await bench.DrainAsync(worker);
        Assert.Equal(["1 Failed"], await bench.KindsAsync(release));
    }

    [Fact]
    public async Task A_SKU_without_a_slot_fails_its_release_and_no_other()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var (lost, good) = (bench.Release(["A", "NOWHERE"]), bench.Release(["A"]));
        await bench.PublishAsync(lost);
        await bench.PublishAsync(good);
        await bench.DrainAsync();
        Assert.Equal(["1 Planned"], await bench.KindsAsync(good));
        var failed = (await bench.EventsAsync()).Single(e => e.OrderId == lost.OrderId);
        Assert.Equal((EventKinds.Failed, "no_slot: SKU NOWHERE lies nowhere in this warehouse"),
            (failed.Kind, failed.Reason));

        await bench.PublishAsync(lost); // the same number again is known, and stays failed
        await bench.DrainAsync();
        Assert.Equal(["1 Failed"], await bench.KindsAsync(lost));
        Assert.Single(await LettersAsync(bench));
    }

    [Theory]
    [InlineData("release", "{\"warehouseId\":", "malformed_json")]
    [InlineData("release", "null", "malformed_json")]
    [InlineData("release", "{}", "malformed_json")]
    [InlineData("release", "\u0000\u0001\u00ff", "malformed_json")]
    [InlineData("dance", "{}", "unknown_kind")]
    [InlineData("cancel", "{\"orderId\":7}", "malformed_json")]
    public async Task A_broken_message_goes_to_the_dead_letters_with_its_bytes_and_the_next_one_is_served(
        string kind, string body, string code)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        byte[] bytes = [.. Encoding.UTF8.GetBytes(body), 0xFF, 0x00];
        if (body is "null" or "{}") bytes = Encoding.UTF8.GetBytes(body);
        await bench.Keys.StreamAddAsync(bench.Stream, [new("kind", kind), new("body", bytes)]);
        var next = bench.Release(["A"]);
        await bench.PublishAsync(next);
        await bench.DrainAsync();

        Assert.Equal(["1 Planned"], await bench.KindsAsync(next));
        var letter = Assert.Single(await LettersAsync(bench));
        Assert.StartsWith(code + ": ", letter.Reason, StringComparison.Ordinal);
        Assert.False(letter.CanBeSentAgain);
        Assert.Equal([("kind", Convert.ToHexString(Encoding.UTF8.GetBytes(kind))),
            ("body", Convert.ToHexString(bytes))], Fields(letter.Raw));
    }

    [Fact]
    public async Task A_message_for_another_warehouse_or_without_a_body_is_not_served()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.PublishAsync(bench.Release(["A"]) with { WarehouseId = "elsewhere" });
        await bench.Keys.StreamAddAsync(bench.Stream, [new("something", "else")]);
        await bench.DrainAsync();
        Assert.Empty(await bench.EventsAsync());
        Assert.Equal(["no_body", "wrong_warehouse"],
            (await LettersAsync(bench)).Select(l => l.Reason.Split(':')[0]).Order());
    }

    public static TheoryData<int, int, bool> Limits => new()
    {
        { 1_000, 1, true }, { 1_001, 1, false }, { 1, 100_000, true }, { 1, 100_001, false }, { 1, 0, false },
        { 0, 1, false },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task A_release_within_the_limits_is_planned_and_one_beyond_fails_by_name(int lines, int quantity,
        bool planned)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var release = bench.Release([.. Enumerable.Repeat("A", lines)], quantity);
        await bench.PublishAsync(release);
        await bench.DrainAsync();
        Assert.Equal([planned ? "1 Planned" : "1 Failed"], await bench.KindsAsync(release));
        Assert.Equal(planned ? lines : 0, await bench.ScalarAsync<long>("SELECT count(*) FROM tasks"));
    }

    [Fact]
    public void An_entry_without_fields_is_broken_and_not_a_crash() =>
        Assert.IsType<Arrival.Broken>(Arrival.Read(new StreamEntry("1-0", null!), "main"));

    [Fact]
    public void A_half_surrogate_pair_in_a_name_is_refused()
    {
        var json = "{\"warehouseId\":\"main\",\"clientId\":\"\\ud800\",\"orderId\":\"" + Guid.NewGuid()
            + "\",\"releaseNo\":1,\"acceptedAt\":\"2026-01-01T00:00:00Z\","
            + "\"shipBy\":\"2026-01-01T00:00:00Z\",\"lines\":[]}";
        Assert.IsType<Arrival.Broken>(
            Arrival.Read(new StreamEntry("1-0", [new("kind", "release"), new("body", json)]), "main"));
    }

    private static async Task<IReadOnlyList<DeadLetterView>> LettersAsync(PickingBench bench)
    {
        var page = await DeadLetterEndpoints.ListAsync(null, null, bench.Database, bench.Settings,
            CancellationToken.None);
        return Assert.IsType<Ok<DeadLetterPage>>(page.Result).Value!.Letters;
    }

    private static List<(string Name, string Hex)> Fields(byte[] raw)
    {
        var fields = new List<(string, string)>();
        var rest = raw.AsSpan();
        while (rest.Length > 0) fields.Add(
            (Encoding.UTF8.GetString(Take(ref rest)), Convert.ToHexString(Take(ref rest))));
        return fields;
    }

    private static byte[] Take(ref Span<byte> rest)
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(rest);
        var taken = rest.Slice(4, length).ToArray();
        rest = rest[(4 + length)..];
        return taken;
    }
}
