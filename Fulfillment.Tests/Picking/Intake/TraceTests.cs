using System.Diagnostics;
using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Picking;
using Xunit;

namespace Fulfillment.Tests.Picking.Intake;

public sealed class TraceTests(TestServers servers)
{
    [Fact]
    public async Task The_committed_tour_is_in_the_trace_of_the_request_that_placed_the_order()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var release = bench.Release(["A"]);
        var trace = ActivityTraceId.CreateRandom();
        var parent = $"00-{trace}-{ActivitySpanId.CreateRandom()}-01";
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == PickingTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                lock (spans) spans.Add(span);
            },
        };
        ActivitySource.AddActivityListener(listener);

        await bench.Keys.StreamAddAsync(bench.Stream,
            [
                new(StreamFields.Kind, MessageKinds.Release), new(StreamFields.TraceParent, parent),
                new(StreamFields.Body, JsonSerializer.SerializeToUtf8Bytes(release, ContractsJson.Default.ReleaseMessage)),
            ]);
        await bench.DrainAsync();

        lock (spans)
        {
            var span = Assert.Single(spans, s => s.TraceId == trace);
            Assert.Equal(("tour.commit", parent), (span.OperationName, span.ParentId));
        }

        Assert.Equal(parent, Assert.Single(await bench.EventsAsync()).TraceParent);
    }

    [Fact]
    public async Task Entries_that_are_renewed_are_not_taken_over_and_do_not_count_as_delivered_again()
    {
        await using var bench = await PickingBench.CreateAsync(servers, s => s with { ClaimAfter = TimeSpan.FromHours(1) });
        await bench.PublishAsync(bench.Release(["A"]));
        var (_, busy) = bench.Worker();
        await busy.ReadAsync(1); // makes the group
        var id = Assert.Single(await busy.ReadAsync(1)).Id;
        await busy.HandBackAsync([id]); // as idle as can be
        await busy.RenewAsync([id]);
        var (_, other) = bench.Worker();
        Assert.Empty(await other.ClaimAsync(10));
        await busy.HandBackAsync([id]);
        Assert.Equal(1, Assert.Single(await other.ClaimAsync(10)).Count);
    }
}
