using Fulfillment.Contracts;
using Fulfillment.Picking.Feed;
using Microsoft.AspNetCore.Http.HttpResults;
using Xunit;

namespace Fulfillment.Tests.Picking.Feed;

public sealed class ReconcileReleasesTests(TestServers servers)
{
    [Theory]
    [InlineData(0, 0, 4, 3, 1, 3, 1, 0)] // we knew nothing of it: all of it is news
    [InlineData(3, 0, 1, 3, 0, 0, 0, 0)] // both have the same three: they are the same three
    [InlineData(3, 1, 0, 1, 0, 0, 0, 0)] // here less was done: nothing is news
    [InlineData(0, 4, 0, 3, 0, 0, 0, 3)] // found short, and then picked: three too many
    [InlineData(1, 0, 1, 4, 0, 1, 0, 2)] // two of the four were cancelled meanwhile
    [InlineData(1, 1, 2, 2, 3, 1, 1, 0)] // picked before short, and never beyond what is open
    public void Of_a_line_the_greater_number_is_done_and_news_is_never_more_than_was_open(
        int picked, int missing, int open, int pickedHere, int shortHere, int newsPicked, int newsShort, int surplus)
    {
        var applied = Applied(Guid.NewGuid(), 3, new AppliedLine(1, "A", picked, missing, open));
        var closed = ClosedRelease.Of(applied, 4, [new PickedLine(1, "A", pickedHere, shortHere)]);
        Assert.Equal(
            newsPicked + newsShort == 0 ? [] : [new PickedLine(1, "A", newsPicked, newsShort)], closed.News);
        Assert.Equal([new PickedLine(1, "A", picked + newsPicked, missing + newsShort)], closed.Done);
        Assert.Equal(surplus, closed.Surplus);
    }

    [Fact]
    public async Task What_agrees_is_left_alone_and_what_does_not_is_given_up_once_however_often_it_is_asked()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var (same, other, unknown) = (bench.Release(["A"]), bench.Release(["A"]), bench.Release(["A"]));
        await bench.PublishAsync(same);
        await bench.PublishAsync(other);
        await bench.DrainAsync();
        var planned = (await bench.EventsAsync()).Single(e => e.OrderId == same.OrderId);
        AppliedRelease[] asked =
        [
            Applied(same.OrderId, 1, new AppliedLine(1, "A", 0, 0, 2)) with { At = planned.At },
            Applied(other.OrderId, 2, new AppliedLine(1, "A", 1, 0, 1)) with { At = planned.At.AddSeconds(1) },
            Applied(unknown.OrderId, 0, new AppliedLine(1, "A", 0, 0, 2)),
        ];
        ReconciledRelease[] expected = [new(false, 1, null, 0), new(true, 2, null, 0), new(false, 0, null, 0)];
        for (var time = 0; time < 2; time++) Assert.Equal(expected, await ReconcileAsync(bench, asked));

        Assert.Equal(["1 Planned", "3 Restored"], await bench.KindsAsync(other));
        Assert.Equal(["1 Planned"], await bench.KindsAsync(same));
        // The unit that Orders has as picked is done; nobody walks for the other, and nobody for the first.
        Assert.Equal("1/1 true", await bench.ScalarAsync<string>(
            $"SELECT quantity || '/' || picked || ' ' || done FROM tasks WHERE order_id = '{other.OrderId}'"));
        Assert.Equal(1, await bench.ScalarAsync<long>(
            "SELECT sum(open_tasks)::bigint FROM tours WHERE state = 'Planned'"));
        Assert.Single((await bench.NextAsync("ann"))!.Tasks, task => task.OrderId == same.OrderId);
    }

    private static AppliedRelease Applied(Guid order, int version, params AppliedLine[] lines) => new()
    {
        ClientId = PickingBench.Client,
        OrderId = order,
        ReleaseNo = 1,
        Version = version,
        Lines = lines,
    };

    private static async Task<IReadOnlyList<ReconciledRelease>> ReconcileAsync(
        PickingBench bench, AppliedRelease[] asked)
    {
        var answer = await ReconcileReleases.HandleAsync(
            new ReconcileRequest(asked), bench.Database, bench.Settings, TimeProvider.System, CancellationToken.None);
        return Assert.IsType<JsonHttpResult<ReconcileAnswer>>(answer.Result).Value!.Releases;
    }
}
