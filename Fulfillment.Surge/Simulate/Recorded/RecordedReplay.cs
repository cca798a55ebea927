using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fulfillment.Surge.Simulate.Recorded;

/// <summary><c>simulate --recorded FILE</c>: what the twin does where the engine itself was recorded.</summary>
internal static class RecordedReplay
{
    /// <summary>Scenarios or windows, by what the file holds; see docs/SCALING.md for the shapes.</summary>
    /// <exception cref="JsonException">It holds neither.</exception>
    internal static JsonObject Run(string json, CancellationToken cancellation)
    {
        var file = JsonNode.Parse(json) as JsonObject ?? throw new JsonException("no object.");
        if (file.ContainsKey("windows")) return new() { ["windows"] = RecordedWindows.Run(file, cancellation) };
        if (!file.ContainsKey("scenarios")) throw new JsonException("neither scenarios nor windows are in it.");
        var recorded = RecordedFile.Read(file);
        var scenarios = new JsonArray();
        foreach (var scenario in recorded.Scenarios) scenarios.Add((JsonNode)Run(recorded, scenario, cancellation));
        return new() { ["imitates"] = recorded.Versions.ToString(), ["scenarios"] = scenarios };
    }

    private static JsonObject Run(RecordedFile file, RecordedScenario scenario, CancellationToken cancellation)
    {
        var given = GivenReplay.Run(file, scenario);
        var own = OwnReplay.Run(file, scenario, cancellation);
        return new()
        {
            ["name"] = scenario.Name,
            ["given"] = new JsonObject { ["syncs"] = Numbers(given.Syncs), ["polls"] = Numbers(given.Polls) },
            ["own"] = new JsonObject
            {
                ["asked"] = new JsonArray([.. own.Asked.Select(at =>
                    (JsonNode)new JsonArray(Math.Round(at.T, 2), at.Replicas))]),
                ["peakBacklog"] = own.PeakBacklog,
            },
        };
    }

    private static JsonArray Numbers(IReadOnlyList<int> numbers) =>
        new([.. numbers.Select(number => (JsonNode)JsonValue.Create(number))]);
}
