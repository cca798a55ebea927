using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Surge.Simulate.Recorded;

/// <summary>
/// Reads a recording of KEDA and the Kubernetes autoscaler (Fulfillment.Tests/Autoscaling/Recorded/README.md).
/// </summary>
/// <param name="StartedAt">Second 0, so that cron lines have a meaning.</param>
/// <param name="Seconds">Where the recording ends.</param>
/// <param name="Versions">Of the programs that were recorded.</param>
/// <param name="Scenarios">In the file's order.</param>
internal sealed record RecordedFile(
    DateTimeOffset StartedAt, double Seconds, EngineVersions Versions, IReadOnlyList<RecordedScenario> Scenarios)
{
    // Where Redis is and how to sign in is not the rule's.
    private static readonly string[] ConnectionKeys =
        ["address", "addressFromEnv", "host", "hostFromEnv", "port", "portFromEnv", "username", "usernameFromEnv",
         "password", "passwordFromEnv"];

    /// <exception cref="JsonException">It is no such file.</exception>
    internal static RecordedFile Read(JsonObject file)
    {
        var engine = file["engine"] ?? throw new JsonException("engine: missing.");
        return new(
            Time(file, "startedAt"), Number(file["seconds"]),
            new(Version(engine, "keda"), ControllerManager(engine)),
            [.. Items(file["scenarios"]).Select(one => Scenario(one!.AsObject()))]);
    }

    internal static DateTimeOffset Time(JsonObject of, string name) => DateTimeOffset.Parse(
        (string?)of[name] ?? throw new JsonException($"{name}: missing."), CultureInfo.InvariantCulture);

    private static Version Version(JsonNode engine, string program) =>
        EngineVersions.First((string?)engine[program] ?? "")
            ?? throw new JsonException($"engine/{program}: no version.");

    // The autoscaler is the controller manager's: "1.34.4 kube-apiserver, 1.32.9 kube-controller-manager" is 1.32.9.
    private static Version ControllerManager(JsonNode engine)
    {
        var parts = ((string?)engine["kubernetes"] ?? "").Split(',', StringSplitOptions.TrimEntries);
        var its = parts.FirstOrDefault(part => part.Contains("kube-controller-manager", StringComparison.Ordinal));
        return EngineVersions.First(its ?? "") ?? Version(engine, "kubernetes");
    }

    private static RecordedScenario Scenario(JsonObject one)
    {
        var name = (string?)one["name"] ?? throw new JsonException("a scenario has no name.");
        return new(
            name, Spec(name, one), (int)Number(one["initialReplicas"]), Number(one["created"]),
            [.. Items(one["stream"]).Select(key => (IReadOnlyList<StreamAt>)[.. Items(key).Select(Stream)])],
            one["workers"] is JsonObject workers ? Workers(workers) : null,
            [.. Items(one["operator"]).Select(Operator)], (int?)one["podQuota"],
            [.. Items(one["syncs"]).Select(Turn)], [.. Items(one["polls"]).Select(Turn)],
            [.. Items(one["exist"]).Select(row => (Number(row![0]), (int)Number(row[1])))]);
    }

    // As an entry of scale-rules.json, read by its reader: what that would refuse is refused here too.
    private static ScaleSpec Spec(string name, JsonObject one)
    {
        var rules = new JsonArray();
        foreach (var trigger in Items(one["triggers"]))
        {
            var metadata = (trigger!["metadata"]?.DeepClone() ?? new JsonObject()).AsObject();
            foreach (var key in ConnectionKeys) metadata.Remove(key);
            rules.Add(new JsonObject
            {
                ["name"] = $"trigger-{rules.Count}",
                ["type"] = trigger["type"]?.DeepClone(),
                ["metadata"] = metadata,
            });
        }
        var entry = new JsonObject { ["rules"] = rules };
        foreach (var key in new[] { "minReplicas", "maxReplicas", "pollingInterval", "cooldownPeriod" })
            entry[key] = one[key]?.DeepClone();
        var reading = ScaleRulesFile.Parse(name, new JsonObject { ["recorded"] = entry }.ToJsonString());
        return reading is ScaleRulesReading.Valid valid
            ? valid.Apps["recorded"]
            : throw new JsonException(reading.ToString());
    }

    private static StreamAt Stream(JsonNode? row)
    {
        var (t, held) = (Number(row![0]), row[1]);
        var none = new Dictionary<string, (long?, long)>();
        switch (held)
        {
            case JsonObject groups:
                var its = groups.Where(group => group.Value is JsonObject).ToDictionary(
                    group => group.Key, group => ((long?)group.Value!["lag"], (long)Number(group.Value["pending"])));
                return new(t, (long)Number(groups["xlen"]), its, false);
            case JsonValue value when value.GetValueKind() == JsonValueKind.Number:
                return new(t, (long)Number(held), none, false);
            default:
                return new(t, null, none, (string?)held is "away" or "hangs");
        }
    }

    private static RecordedWorkers Workers(JsonObject workers) => new(
        Number(workers["entriesPerSecond"]), Number(workers["startSeconds"]),
        [.. Items(workers["arrivals"]).Select(row => (Number(row![0]), Number(row[1])))]);

    private static OperatorAt Operator(JsonNode? row) => (string?)row![1] switch
    {
        "replicas" => new(Number(row[0]), (int)Number(row[2]), null),
        "bounds" => new(Number(row[0]), null, new((int)Number(row[2]), (int)Number(row[3]))),
        var other => throw new JsonException($"operator: '{other}' is neither replicas nor bounds."),
    };

    private static RecordedTurn Turn(JsonNode? row) => new(
        Number(row![0]), row[1] is JsonArray readings ? [.. readings.Select(one => (double?)one)] : null);

    private static JsonArray Items(JsonNode? node) => node as JsonArray ?? [];

    private static double Number(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<double>(out var number)
            ? number
            : throw new JsonException("a number is missing.");
}
