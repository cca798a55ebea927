using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

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
/// KEDA ignores a key that it does not know, so a typo there would silently scale by a default. A rule with
/// <c>"slot": true</c> has no metadata of its own: the environment's file of announced windows fills it, or nothing.
/// </summary>
public static class ScaleRulesFile
{
    public const int FileBytesMax = 64 * 1024;

    /// <summary>Reads the rules, slots filled from <paramref name="windowsPath"/>; null: none announced.</summary>
    public static async Task<ScaleRulesReading> ReadAsync(
        string path, string? windowsPath, CancellationToken cancellation)
    {
        var reading = path;
        try
        {
            var json = await TextAsync(path, cancellation);
            if (windowsPath is null) return Parse(path, json);
            reading = windowsPath;
            return Parse(path, json, (windowsPath, await TextAsync(windowsPath, cancellation)));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return Invalid($"{reading}: cannot be read: {unreadable.Message}");
        }
    }

    public static ScaleRulesReading Parse(string path, string json, (string Path, string Json)? windowsFile = null)
    {
        var faults = new List<string>();
        var apps = Read(path, json, ScaleRulesJson.Default.DictionaryStringAppEntry, faults.Add);
        var windows = windowsFile is { } file
            ? Read(file.Path, file.Json, ScaleRulesJson.Default.DictionaryStringDictionaryStringJsonElement, faults.Add)
            : [];
        if (apps is null || windows is null) return new ScaleRulesReading.Invalid(faults);
        if (apps.Count == 0) return Invalid($"{path}: names no app.");

        var warnings = new List<string>();
        var specs = new Dictionary<string, ScaleSpec>();
        foreach (var (name, entry) in apps)
        {
            var reader = new AppReader(
                name, windows, text => faults.Add($"{path}: {text}"), text => warnings.Add($"{path}: {text}"));
            specs[name] = reader.Read(entry ?? new AppEntry());
        }
        var slots = apps.Values.SelectMany(app => app?.Rules ?? []).Where(rule => rule?.Slot == true)
            .Select(rule => rule!.Name).ToHashSet();
        faults.AddRange(windows.Keys.Where(name => !slots.Contains(name))
            .Select(name => $"{windowsFile?.Path}: {name}: no rule of {path} is a slot of this name."));
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

    private static async Task<string> TextAsync(string path, CancellationToken cancellation) =>
        new FileInfo(path) is { Exists: true, Length: > FileBytesMax }
            ? throw new IOException($"larger than {FileBytesMax} bytes.")
            : await File.ReadAllTextAsync(path, cancellation);

    private static T? Read<T>(string path, string json, JsonTypeInfo<T> type, Action<string> fault)
        where T : class
    {
        try
        {
            var read = JsonSerializer.Deserialize(json, type);
            if (read is null) fault($"{path}: holds null.");
            return read;
        }
        catch (JsonException broken)
        {
            fault($"{path}: {broken.Path ?? "$"}: {broken.Message}");
            return null;
        }
    }

    /// <summary>Each rule with KEDA's type and metadata.</summary>
    public static IEnumerable<Trigger> Triggers(ScaleSpec spec) =>
        spec.Rules.Select(rule => new Trigger(rule, TypeOf(rule), Metadata(rule)));

    private static RuleEntry Entry(ScaleRule rule) =>
        new() { Name = rule.Name, Type = TypeOf(rule), Metadata = Strings(Metadata(rule)) };

    private static string TypeOf(ScaleRule rule) => rule is CronRule ? "cron" : "redis-streams";

    private static List<(string Key, string Value)> Metadata(ScaleRule rule) => rule switch
    {
        RedisStreamsRule streams => Keys(streams),
        CronRule cron =>
        [
            ("timezone", cron.Window.TimeZone), ("start", cron.Window.Start), ("end", cron.Window.End),
            ("desiredReplicas", $"{cron.DesiredReplicas}"),
        ],
        _ => throw new InvalidOperationException($"No entry for {rule.GetType().Name}."),
    };

    private static List<(string Key, string Value)> Keys(RedisStreamsRule rule)
    {
        var keys = new List<(string Key, string Value)> { ("stream", rule.Stream) };
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

/// <summary>A rule as KEDA writes it.</summary>
public sealed record Trigger(ScaleRule Rule, string Type, IReadOnlyList<(string Key, string Value)> Metadata);

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

    /// <summary>Its metadata come from the environment's announced windows.</summary>
    public bool? Slot { get; set; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false,
    WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Dictionary<string, AppEntry>))]
[JsonSerializable(typeof(Dictionary<string, Dictionary<string, JsonElement>>))]
[JsonSerializable(typeof(string))]
internal sealed partial class ScaleRulesJson : JsonSerializerContext;
