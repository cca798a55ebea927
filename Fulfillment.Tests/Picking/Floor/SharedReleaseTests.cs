using Fulfillment.Contracts;
using Xunit;

namespace Fulfillment.Tests.Picking.Floor;

public sealed class SharedReleaseTests(TestServers servers)
{
    [Fact]
    public async Task Eight_pickers_on_one_release_leave_its_versions_without_a_gap_and_the_last_one_ends_it()
    {
        await using var bench = await PickingBench.CreateAsync(servers, s => s with { CartLines = 5 });
        await bench.SlotAsync("A", 1, 1);
        var (first, second) = (bench.Release([.. Enumerable.Repeat("A", 18)]), bench.Release([.. Enumerable.Repeat("A", 22)]));
        await bench.PublishAsync(first); // 5 + 5 + 5 + 3, and the next one fills up: some tours have both
        await bench.PublishAsync(second);
        await bench.DrainAsync();

        await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            if (await bench.NextAsync($"p{i}") is not { } tour) return;
            foreach (var task in tour.Tasks) await bench.ConfirmAsync(tour, $"p{i}", [PickingBench.ScanOf(task)]);
        }));

        foreach (var (release, lines) in new[] { (first, 18), (second, 22) })
        {
            var events = (await bench.EventsAsync()).Where(e => e.OrderId == release.OrderId).ToList(); // in feed order
            Assert.Equal(Enumerable.Range(1, lines + 1), events.Select(e => e.Version));
            Assert.Equal(EventKinds.Picked, events[^1].Kind);
            Assert.Single(events, e => e.Kind == EventKinds.Picked);
            Assert.Equal(2 * lines, events.Sum(e => e.Lines?.Sum(l => l.Picked) ?? 0));
        }

        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM tours WHERE state <> 'Done' OR open_tasks <> 0"));
    }
}
