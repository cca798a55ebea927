using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Surge.Simulate.Recorded;

/// <summary>The windows of a recording, minute by minute: inside or outside, or why they are refused.</summary>
internal static class RecordedWindows
{
    internal static JsonArray Run(JsonObject file, CancellationToken cancellation)
    {
        var windows = new JsonArray();
        foreach (var window in file["windows"]?.AsArray() ?? [])
        {
            cancellation.ThrowIfCancellationRequested();
            windows.Add((JsonNode)Run(window!.AsObject()));
        }
        return windows;
    }

    private static JsonObject Run(JsonObject recorded)
    {
        string? fault = null;
        var window = CronWindow.Read(
            Text("timezone"), Text("start"), Text("end"), (key, why) => fault ??= $"{key}: {why}");
        if (window is null) return new() { ["fault"] = fault };
        var from = RecordedFile.Time(recorded, "from");
        var inside = window.Contains(from);
        var answer = new JsonObject { ["insideAtFrom"] = inside };
        var changes = new JsonArray();
        var until = from.AddDays((double?)recorded["days"] ?? throw new JsonException("days: missing."));
        for (var minute = from.AddMinutes(1); minute <= until; minute = minute.AddMinutes(1))
        {
            if (window.Contains(minute) == inside) continue;
            inside = !inside;
            var at = minute.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            changes.Add(at + (inside ? " in" : " out"));
        }
        answer["changes"] = changes;
        return answer;

        string Text(string key) => (string?)recorded[key] ?? throw new JsonException($"{key}: missing.");
    }
}
