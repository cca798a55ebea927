using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fulfillment.Autoscaling.Rules;

/// <summary>What reading a rules file came to.</summary>
public abstract record ScaleRulesReading
{
    private ScaleRulesReading() { }

    /// <param name="Apps">By name of the app.</param>
    /// <param name="Warnings">Allowed, and likely to hurt.</param>
    public sealed record Valid(IReadOnlyDictionary<string, ScaleSpec> Apps, IReadOnlyList<string> Warnings)
        : ScaleRulesReading;

    /// <param name="Faults">One line each: <c>file: app/rule/key: what is wrong</c>.</param>
    public sealed record Invalid(IReadOnlyList<string> Faults) : ScaleRulesReading
    {
        public override string ToString() => string.Join(Environment.NewLine, Faults);
    }
}

/// <summary>
/// Reads <c>infra/bicep/scale-rules.json</c>: the one source of the deployed rule, loaded by bicep as it is and by the
/// local autoscaler through here. Everything wrong in the file is reported at once, and nothing unknown is passed over:
/// KEDA ignores a key that it does not know, so a typo there would silently scale by a default.
/// </summary>
public static class ScaleRulesFile
{
    public const int FileBytesMax = 64 * 1024;

    public static async Task<ScaleRulesReading> ReadAsync(string path, CancellationToken cancellation)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > FileBytesMax })
                return Invalid($"{path}: larger than {FileBytesMax} bytes.");
            return Parse(path, await File.ReadAllTextAsync(path, cancellation));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return Invalid($"{path}: cannot be read: {unreadable.Message}");
        }
    }

    public static ScaleRulesReading Parse(string path, string json)
    {
        Dictionary<string, AppEntry?>? apps;
        try
        {
            apps = JsonSerializer.Deserialize(json, ScaleRulesJson.Default.DictionaryStringAppEntry);
        }
        catch (JsonException broken)
        {
            return Invalid($"{path}: {broken.Path ?? "$"}: {broken.Message}");
        }
        if (apps is null or { Count: 0 }) return Invalid($"{path}: names no app.");

        var faults = new List<string>();
        var warnings = new List<string>();
        var specs = new Dictionary<string, ScaleSpec>();
        foreach (var (name, entry) in apps)
        {
            var reader = new AppReader(
                name, text => faults.Add($"{path}: {text}"), text => warnings.Add($"{path}: {text}"));
            specs[name] = reader.Read(entry ?? new AppEntry());
        }
        return faults.Count > 0
            ? new ScaleRulesReading.Invalid(faults)
            : new ScaleRulesReading.Valid(specs, warnings);
    }

    /// <summary>The file that holds this one app; reading it gives an equal spec.</summary>
    public static string Write(ScaleSpec spec) => JsonSerializer.Serialize(
        new Dictionary<string, AppEntry?>
        {
            [spec.App] = new()
            {
                MinReplicas = spec.MinReplicas,
                MaxReplicas = spec.MaxReplicas,
                PollingInterval = (int)spec.PollingInterval.TotalSeconds,
                CooldownPeriod = (int)spec.CooldownPeriod.TotalSeconds,
                Rules = [.. spec.Rules.Select(Entry)],
            },
        }, ScaleRulesJson.Default.DictionaryStringAppEntry);

    private static RuleEntry Entry(ScaleRule rule) => rule switch
    {
        RedisStreamsRule streams =>
            new() { Name = rule.Name, Type = "redis-streams", Metadata = Strings(Keys(streams)) },
        CronRule cron => new()
        {
            Name = rule.Name,
            Type = "cron",
            Metadata = Strings([
                ("timezone", cron.Window.TimeZone), ("start", cron.Window.Start), ("end", cron.Window.End),
                ("desiredReplicas", $"{cron.DesiredReplicas}")]),
        },
        _ => throw new InvalidOperationException($"No entry for {rule.GetType().Name}."),
    };

    private static List<(string, string)> Keys(RedisStreamsRule rule)
    {
        var keys = new List<(string, string)> { ("stream", rule.Stream) };
        if (rule.ConsumerGroup is { } group) keys.Add(("consumerGroup", group));
        var target = rule.Measure switch
        {
            StreamMeasure.Length => "streamLength",
            StreamMeasure.Pending => "pendingEntriesCount",
            _ => "lagCount",
        };
        keys.Add((target, $"{rule.Target}"));
        keys.Add(("activationLagCount", $"{rule.ActivationLagCount}"));
        keys.Add(("databaseIndex", $"{rule.DatabaseIndex}"));
        keys.Add(("enableTLS", rule.EnableTls ? "true" : "false"));
        return keys;
    }

    private static Dictionary<string, JsonElement> Strings(IEnumerable<(string Key, string Value)> values) =>
        values.ToDictionary(
            pair => pair.Key, pair => JsonSerializer.SerializeToElement(pair.Value, ScaleRulesJson.Default.String));

    private static ScaleRulesReading.Invalid Invalid(string fault) => new([fault]);
}

internal sealed record AppEntry
{
    public int? MinReplicas { get; set; }
    public int? MaxReplicas { get; set; }
    public int? PollingInterval { get; set; }
    public int? CooldownPeriod { get; set; }
    public List<RuleEntry?>? Rules { get; set; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

internal sealed record RuleEntry
{
    public string? Name { get; set; }
    public string? Type { get; set; }

    /// <summary>Left as JSON: what is no string must be named, not converted.</summary>
    public Dictionary<string, JsonElement>? Metadata { get; set; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false,
    WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Dictionary<string, AppEntry>))]
[JsonSerializable(typeof(string))]
internal sealed partial class ScaleRulesJson : JsonSerializerContext;
