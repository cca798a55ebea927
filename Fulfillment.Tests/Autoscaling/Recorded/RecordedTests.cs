using System.Text.Json.Nodes;
using Fulfillment.Surge.Simulate.Recorded;
using Fulfillment.Tests.Architecture;
using Xunit;

namespace Fulfillment.Tests.Autoscaling.Recorded;

/// <summary>
/// KEDA and the Kubernetes autoscaler ran, and what they read and asked for was written down (README.md beside this
/// file). The twin, given the same readings at the same instants, must ask for the same; on its own clock it must come
/// close.
/// </summary>
public sealed class RecordedTests
{
    private const double OwnErrorMax = 0.05;
    private const double LoopErrorMax = 0.08;
    private const double LoopPeakErrorMax = 0.12;

    private static readonly Lazy<Dictionary<string, (JsonObject Recorded, JsonObject Ours, double Seconds)>> Replayed =
        new(() => Files.SelectMany(Replay).ToDictionary(one => one.Name, one => (one.Recorded, one.Ours, one.Seconds)));

    private static string[] Files => ["recorded.json", "recorded-1.32.json", "recorded-keda-2.20.json"];

    public static TheoryData<string> Scenarios() => new(Replayed.Value.Keys);

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Given_the_readings_it_asks_for_the_same_at_every_sync(string scenario)
    {
        var (recorded, ours, _) = Replayed.Value[scenario];
        var asked = ours["given"]!["syncs"]!.AsArray();
        var syncs = recorded["syncs"]!.AsArray();
        Assert.Equal(syncs.Count, asked.Count);
        for (var index = 0; index < syncs.Count; index++)
        {
            // Where no decision was possible the count stays; the recording has no number there.
            var expected = (int?)syncs[index]![2] ?? (index > 0 ? AskedAt(recorded, (double)syncs[index]![0]!) : null);
            if (expected is { } number)
                Assert.True((int)asked[index]! == number, $"{syncs[index]!.ToJsonString()}: {asked[index]}");
        }
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Given_the_readings_it_asks_for_the_same_at_every_poll(string scenario)
    {
        var (recorded, ours, _) = Replayed.Value[scenario];
        var asked = ours["given"]!["polls"]!.AsArray();
        var polls = recorded["polls"]!.AsArray();
        Assert.Equal(polls.Count, asked.Count);
        // What was asked for is sampled each second: where it changed, a poll and another turn in the same second
        // cannot be told apart.
        double[] turns = [.. new[] { "polls", "syncs", "operator" }
            .SelectMany(key => recorded[key]?.AsArray() ?? []).Select(turn => (double)turn![0]!)];
        var (compared, sampledFrom) = (0, (double)recorded["asked"]![0]![0]!);
        for (var index = 0; index < polls.Count; index++)
        {
            var at = (double)polls[index]![0]!;
            var still = AskedAt(recorded, at - 0.1) == AskedAt(recorded, at + 1.1);
            if (at + 1.1 < sampledFrom || (!still && turns.Any(turn => turn > at && turn < at + 1.2))) continue;
            Assert.True(AskedAt(recorded, at + 1.1) == (int)asked[index]!, $"{at}: {asked[index]}");
            compared++;
        }
        Assert.True(compared >= polls.Count - 6, $"{compared} of {polls.Count}");
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void On_its_own_clock_its_replica_seconds_and_its_peak_are_close(string scenario)
    {
        var (recorded, ours, seconds) = Replayed.Value[scenario];
        var loop = recorded.ContainsKey("workers");
        var from = (double?)recorded["autoscalerMade"] ?? 0;
        var (theirs, own) = (Area(recorded["asked"]!, from, seconds), Area(ours["own"]!["asked"]!, from, seconds));
        Assert.InRange(own, theirs * (1 - (loop ? LoopErrorMax : OwnErrorMax)),
            theirs * (1 + (loop ? LoopErrorMax : OwnErrorMax)));
        if (!loop) return;
        var peak = recorded["stream"]![0]!.AsArray().Max(row => (double)row![1]!);
        var ownPeak = (double)ours["own"]!["peakBacklog"]!;
        Assert.InRange(ownPeak, peak * (1 - LoopPeakErrorMax), peak * (1 + LoopPeakErrorMax));
    }

    [Fact]
    public void Every_cron_window_is_decided_minute_by_minute_as_robfig_cron_does_or_refused_where_KEDA_refuses_it()
    {
        var recorded = Read("cron-windows.json")["windows"]!.AsArray();
        var ours = Run("cron-windows.json")["windows"]!.AsArray();
        Assert.Equal(recorded.Count, ours.Count);
        var faults = new List<string>();
        foreach (var (theirs, own) in recorded.Zip(ours))
        {
            // robfig alone has no opinion on a start that is the end; KEDA's scaler does not take such a rule.
            var refused = theirs!["fault"] is not null || (string?)theirs["start"] == (string?)theirs["end"];
            var same = refused
                ? own!["fault"] is not null
                : (bool?)theirs["insideAtFrom"] == (bool?)own!["insideAtFrom"]
                    && JsonNode.DeepEquals(theirs["changes"], own["changes"]);
            if (!same) faults.Add($"{theirs.ToJsonString()} is {own!.ToJsonString()}");
        }
        Assert.Empty(faults);
    }

    [Fact]
    public void The_tables_in_the_docs_are_what_the_command_prints()
    {
        var docs = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "SCALING.md"));
        foreach (var file in Files)
            Assert.Contains(string.Join('\n', RecordedTable.Lines(Text(file), TestContext.Current.CancellationToken)),
                docs.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{ \"scenarios\": [], \"engine\": { \"keda\": \"soon\" } }")]
    public void What_is_no_recording_is_refused(string json) => Assert.ThrowsAny<System.Text.Json.JsonException>(
        () => RecordedReplay.Run(json, TestContext.Current.CancellationToken));

    private static IEnumerable<(string Name, JsonObject Recorded, JsonObject Ours, double Seconds)> Replay(string file)
    {
        var recorded = Read(file);
        var ours = Run(file);
        return recorded["scenarios"]!.AsArray().Zip(ours["scenarios"]!.AsArray()).Select(pair => (
            $"{Path.GetFileNameWithoutExtension(file)}/{(string?)pair.First!["name"]}", pair.First!.AsObject(),
            pair.Second!.AsObject(), (double)recorded["seconds"]!));
    }

    private static int AskedAt(JsonObject recorded, double t) => (int)recorded["asked"]!.AsArray()
        .LastOrDefault(row => (double)row![0]! <= t, new JsonArray(0, (int)recorded["initialReplicas"]!))![1]!;

    private static double Area(JsonNode steps, double from, double until)
    {
        var rows = steps.AsArray().Select(row => ((double)row![0]!, (double)row[1]!)).ToList();
        var area = 0.0;
        for (var index = 0; index < rows.Count; index++)
        {
            var end = index + 1 < rows.Count ? rows[index + 1].Item1 : until;
            area += Math.Max(0, Math.Min(end, until) - Math.Max(rows[index].Item1, from)) * rows[index].Item2;
        }
        return area;
    }

    // As a reader of the file that the command writes would see it.
    private static JsonObject Run(string file) => JsonNode.Parse(
        RecordedReplay.Run(Text(file), TestContext.Current.CancellationToken).ToJsonString())!.AsObject();

    private static JsonObject Read(string file) => JsonNode.Parse(Text(file))!.AsObject();

    private static string Text(string file) => File.ReadAllText(
        Path.Combine(RepositoryRoot.Path, "Fulfillment.Tests", "Autoscaling", "Recorded", file));
}
