using System.Text.Json.Nodes;
using Fulfillment.Bench;
using Fulfillment.Bench.Growth;
using Fulfillment.Bench.Intake;
using Fulfillment.Hosting;
using Fulfillment.Orders.Archive;
using Fulfillment.ServiceDefaults;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Bench;

/// <summary>The gate of growth: <c>bench growth</c> at a smaller scale, by what the database counts.</summary>
public class GrowthTests
{
    // A b-tree of the tables of work gets one level deeper between the two.
    private const int Short = 2_000, Long = 60_000;
    private const double GrowthMax = 1.1;

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly string Orders = BuildOutput.Executable("Fulfillment.Orders");

    [Fact]
    public async Task What_an_order_reads_does_not_grow_with_history_and_would_without_the_archiver()
    {
        await using var bed = await TestBed.StartAsync(TimeProvider.System, Cancellation, StatementCosts.Setting);
        await StatementCosts.PrepareAsync(bed, Cancellation);
        var shop = await Shop.BuildAsync(bed, Orders, Cancellation);

        var archived = await RatiosAsync(bed, shop, archived: true);
        Assert.Equal(
            ["acceptBuffers", "dispatchBuffers", "listBuffers", "listPastBuffers", "trackBuffers", "trackPastBuffers"],
            archived.Keys.Order());
        Assert.All(archived, ratio => Assert.True(
            ratio.Value.Value is >= 1 and <= GrowthMax, $"{ratio.Key} grows {ratio.Value.Value} times: {Told(archived)}"));

        var counterExample = await RatiosAsync(bed, shop, archived: false);
        Assert.All(counterExample, ratio => Assert.True(ratio.Value.Value > GrowthMax, Told(counterExample)));
    }

    [Fact]
    public async Task A_history_looks_as_the_archiver_leaves_it()
    {
        await using var bed = await TestBed.StartAsync(TimeProvider.System, Cancellation);
        var shop = await Shop.BuildAsync(bed, Orders, Cancellation);
        const string Filled = "filled", Moved = "moved";
        await shop.CopyToAsync(Filled, Cancellation);
        await shop.CopyToAsync(Moved, Cancellation);

        await PastOrders.FillArchiveAsync(bed, Filled, PastCount, Cancellation);
        await PastOrders.FillWorkingAsync(bed, Moved, PastCount, PastOrders.PastPrefix, Cancellation);
        await using var database = NpgsqlDataSource.Create(bed.Database(Moved).ConnectionString);
        var leader = await Leaders.RaiseAsync(database, "archive");
        var now = TimeProvider.System.GetUtcNow();
        Assert.Equal(
            PastCount, await MoveOrders.MoveAsync(leader, now, PastCount + 1, now, StopAt.Nowhere, Cancellation));

        Assert.Equal(await SchemaAsync(bed, Moved), await SchemaAsync(bed, Filled));
        var (filled, moved) = (await RowsAsync(bed, Filled), await RowsAsync(bed, Moved));
        Assert.Equal(moved.Select(Shape), filled.Select(Shape));
        Assert.Equal(moved.Select(Content), filled.Select(Content));
    }

    [Fact]
    public void A_history_that_does_not_fit_the_disk_is_refused()
    {
        var needed = PastOrders.BytesFor(10_000_000);
        GrowthBench.RequireRoom(needed, 10_000_000);
        var refused = Assert.Throws<HostingException>(() => GrowthBench.RequireRoom(needed - 1, 10_000_000));
        Assert.Contains("--past", refused.Message, StringComparison.Ordinal);
        Assert.InRange(needed, 1L << 30, 16L << 30);
    }

    [Fact]
    public void A_ratio_is_the_largest_over_the_smallest()
    {
        BenchRow[] rows =
        [
            new("track past", "1", 0, 0, 0, 0, 5), new("track past", "2", 0, 0, 0, 0, 8), new("accept", "1", 0, 0, 0, 0, 3),
        ];
        Assert.Equal(
            new Dictionary<string, Ratio> { ["trackPastBuffers"] = 1.6, ["acceptBuffers"] = 1 },
            GrowthBench.Ratios(rows));
    }

    private const int PastCount = 40;

    private static async Task<Dictionary<string, Ratio>> RatiosAsync(TestBed bed, Shop shop, bool archived)
    {
        var load = new GrowthLoad { Orders = 600, Recent = 2_000, Looks = 200, Archived = archived };
        var rows = new List<BenchRow>();
        foreach (var past in (int[])[Short, Long])
        {
            var run = new GrowthRun(bed, shop, Orders, load, TimeProvider.System, Cancellation);
            var figures = await run.RunAsync(past);
            await run.DropAsync();
            Assert.Empty(figures.Faults);
            rows.AddRange(figures.Rows);
        }

        return GrowthBench.Ratios(rows);
    }

    private static string Told(IEnumerable<KeyValuePair<string, Ratio>> ratios) =>
        string.Join(", ", ratios.Select(ratio => $"{ratio.Key} {ratio.Value.Value}"));

    private static Task<string> SchemaAsync(TestBed bed, string database) => bed.ReadAsync<string>(database, """
        SELECT string_agg(indexdef, ' ' ORDER BY indexname) FROM pg_indexes WHERE tablename = 'past_orders'
        """, Cancellation);

    private static async Task<List<JsonObject>> RowsAsync(TestBed bed, string database) =>
    [
        .. (await bed.ReadAsync<string[]>(database, """
            SELECT array_agg(row_to_json(p)::text ORDER BY client_order_id) FROM past_orders p
            """, Cancellation)).Select(row => JsonNode.Parse(row)!.AsObject()),
    ];

    // Which fields there are, in which order, and of what kind.
    private static string Shape(JsonNode? node) => node switch
    {
        JsonObject fields => $"{{{string.Join(',', fields.Select(field => $"{field.Key}:{Shape(field.Value)}"))}}}",
        JsonArray items => $"[{string.Join(',', items.Select(Shape))}]",
        null => "null",
        _ => node.GetValueKind().ToString(),
    };

    // Without the times and what is drawn from them.
    private static string Content(JsonObject row) =>
        $"{row["client_id"]} {row["client_order_id"]} {row["body_hash"]} {row["work"]!["lines"]!.ToJsonString()} "
        + $"{row["work"]!["allocations"]!.ToJsonString()} {row["ship_to"]} {row["released_at_once"]}";
}
