using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fulfillment.Surge.Simulate.Recorded;

/// <summary>
/// <c>simulate --recorded FILE --table</c>: the engine's replica-seconds beside the twin's, as Markdown.
/// </summary>
internal static class RecordedTable
{
    internal static IEnumerable<string> Lines(string json, CancellationToken cancellation)
    {
        var file = JsonNode.Parse(json) as JsonObject ?? throw new JsonException("no object.");
        var recorded = RecordedFile.Read(file);
        yield return $"| scenario ({recorded.Versions}) | replica-seconds, engine | twin | off |";
        yield return "|---|---|---|---|";
        foreach (var scenario in recorded.Scenarios)
        {
            var node = file["scenarios"]!.AsArray().Single(one => (string?)one!["name"] == scenario.Name)!;
            // Where the autoscaler came late, from then on: before it nothing scales.
            var from = (double?)node["autoscalerMade"] ?? 0;
            var asked = node["asked"]!.AsArray().Select(row => ((double)row![0]!, (int)row[1]!));
            var theirs = Area(asked, from, recorded.Seconds);
            var own = Area(OwnReplay.Run(recorded, scenario, cancellation).Asked, from, recorded.Seconds);
            var off = theirs > 0 ? (own / theirs) - 1 : 0;
            yield return string.Create(CultureInfo.InvariantCulture,
                $"| {scenario.Name}: {node["what"]} | {theirs:N0} | {own:N0} | {off:+0.0 %;-0.0 %;0.0 %} |");
        }
    }

    private static double Area(IEnumerable<(double T, int Replicas)> steps, double from, double until)
    {
        var (area, since, count) = (0.0, from, 0);
        foreach (var (t, replicas) in steps.Append((until, 0)))
        {
            var end = Math.Clamp(t, from, until);
            area += (end - since) * count;
            (since, count) = (end, replicas);
        }
        return area;
    }
}
