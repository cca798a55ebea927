using System.Text.Json;

namespace Fulfillment.Autoscaling.Rules;

/// <summary>Turns one app's entry into a spec and reports every fault on the way.</summary>
internal sealed class AppReader(
    string app, Dictionary<string, Dictionary<string, JsonElement>> windows, Action<string> fault, Action<string> warn)
{
    // KEDA's own default where the key is absent.
    private const int DefaultTarget = 5;

    private static readonly string[] AddressKeys =
        ["address", "addressFromEnv", "host", "hostFromEnv", "port", "portFromEnv",
         "username", "usernameFromEnv", "password", "passwordFromEnv"];

    internal ScaleSpec Read(AppEntry entry)
    {
        foreach (var key in entry.Unknown?.Keys ?? Enumerable.Empty<string>())
            Fault(null, key, Unknown(key,
                ["minReplicas", "maxReplicas", "pollingInterval", "cooldownPeriod", "rules"]));

        var min = Within(entry.MinReplicas ?? 0, 0, ScaleSpec.ReplicasMax, "minReplicas");
        var max = Within(entry.MaxReplicas ?? 10, 1, ScaleSpec.ReplicasMax, "maxReplicas");
        if (max < min) Fault(null, "maxReplicas", $"{max} is less than minReplicas {min}.");
        var polling = Within(entry.PollingInterval ?? 30, 1, 3_600, "pollingInterval");
        var cooldown = Within(entry.CooldownPeriod ?? 300, 0, 86_400, "cooldownPeriod");

        var rules = (entry.Rules ?? []).Select((rule, index) => ReadRule(rule ?? new RuleEntry(), index)).ToList();
        if (rules.Count == 0) Fault(null, "rules", "no rule: nothing would ever scale.");
        foreach (var twice in rules.OfType<ScaleRule>().GroupBy(rule => rule.Name).Where(group => group.Count() > 1))
            Fault(twice.Key, "name", "given to more than one rule.");

        var spec = new ScaleSpec(
            app, min, max, TimeSpan.FromSeconds(polling), TimeSpan.FromSeconds(cooldown),
            [.. rules.OfType<ScaleRule>()]);
        WarnOf(spec);
        return spec;
    }

    private ScaleRule? ReadRule(RuleEntry entry, int index)
    {
        var name = entry.Name ?? $"rules[{index}]";
        if (string.IsNullOrWhiteSpace(entry.Name)) Fault(name, "name", "missing.");
        foreach (var key in entry.Unknown?.Keys ?? Enumerable.Empty<string>())
            Fault(name, key, Unknown(key, ["name", "type", "metadata", "slot"]));
        if (entry.Slot == true && (entry.Type != "cron" || entry.Metadata is not null))
        {
            Fault(name, "slot", "a slot is a cron rule whose metadata the environment announces: it has none here.");
            return null;
        }
        var entries = entry.Slot == true ? windows.GetValueOrDefault(name) : entry.Metadata ?? [];
        if (entries is null) return null; // nothing is announced

        var label = entry.Slot == true ? $"{name}, as announced" : name;
        var metadata = new RuleMetadata(entries, (key, text) => Fault(label, key, text));
        switch (entry.Type)
        {
            case "redis-streams": return ReadStreams(name, metadata);
            case "cron": return ReadCron(name, label, metadata);
            default:
                Fault(name, "type", $"'{entry.Type}' is not known here; redis-streams and cron are.");
                return null;
        }
    }

    private RedisStreamsRule? ReadStreams(string name, RuleMetadata metadata)
    {
        foreach (var key in AddressKeys.Where(metadata.Take))
            Fault(name, key, "where Redis is belongs to the deployment, not to the rule.");
        metadata.OnlyAmong("stream", "consumerGroup", "streamLength", "pendingEntriesCount", "lagCount",
            "activationLagCount", "databaseIndex", "enableTLS", "unsafeSsl");

        var stream = metadata.Text("stream");
        var group = metadata.Has("consumerGroup") ? metadata.Text("consumerGroup") : null;
        var lag = metadata.Whole("lagCount", 0, 0);
        var pending = metadata.Whole("pendingEntriesCount", DefaultTarget, 1);
        var length = metadata.Whole("streamLength", DefaultTarget, 1);
        var (measure, target) = (group, lag) switch
        {
            (null, _) => (StreamMeasure.Length, length),
            (_, 0) => (StreamMeasure.Pending, pending),
            _ => (StreamMeasure.Lag, lag),
        };
        RefuseIgnored(name, metadata, measure);
        var activation = metadata.Whole("activationLagCount", 0, 0);
        var database = metadata.Whole("databaseIndex", 0, 0);
        var tls = metadata.Flag("enableTLS");
        _ = metadata.Flag("unsafeSsl");
        return stream is null
            ? null
            : new(name, stream, measure, group, target, activation, (int)Math.Min(database, int.MaxValue), tls);
    }

    // KEDA passes these over without a word, and scales by its default of 5.
    private void RefuseIgnored(string name, RuleMetadata metadata, StreamMeasure measure)
    {
        if (measure != StreamMeasure.Length && metadata.Has("streamLength"))
            Fault(name, "streamLength", "KEDA ignores it beside a consumerGroup.");
        if (measure != StreamMeasure.Pending && metadata.Has("pendingEntriesCount"))
            Fault(name, "pendingEntriesCount", "KEDA ignores it without a consumerGroup and beside a lagCount.");
        if (measure == StreamMeasure.Length && metadata.Has("lagCount"))
            Fault(name, "lagCount", "KEDA ignores it without a consumerGroup.");
    }

    private CronRule? ReadCron(string name, string label, RuleMetadata metadata)
    {
        metadata.OnlyAmong("timezone", "start", "end", "desiredReplicas");
        var (zone, start, end) = (metadata.Text("timezone"), metadata.Text("start"), metadata.Text("end"));
        var desired = metadata.Has("desiredReplicas") ? metadata.Whole("desiredReplicas", 1, 1) : 0;
        if (desired == 0) Fault(label, "desiredReplicas", "missing.");
        if (zone is null || start is null || end is null) return null;
        var window = CronWindow.Read(zone, start, end, (key, text) => Fault(label, key, text));
        if (window is null) return null;
        foreach (var (key, text) in window.Traps()) Fault(label, key, text);
        return new(name, window, (int)Math.Min(desired, int.MaxValue));
    }

    private void WarnOf(ScaleSpec spec)
    {
        foreach (var rule in spec.Rules.OfType<RedisStreamsRule>().Where(rule => rule.Measure == StreamMeasure.Lag))
            warn($"{app}/{rule.Name}/lagCount: Redis reports no lag once entries are deleted out of order, and KEDA "
                + "then scales in. streamLength without a consumerGroup does not go blind.");
        foreach (var rule in spec.Rules.OfType<CronRule>().Where(rule => rule.DesiredReplicas > spec.MaxReplicas))
            warn($"{app}/{rule.Name}/desiredReplicas: {rule.DesiredReplicas} is more than maxReplicas.");
    }

    private int Within(int value, int least, int most, string key)
    {
        if (value < least || value > most) Fault(null, key, $"{value} is not between {least} and {most}.");
        return value;
    }

    private void Fault(string? rule, string key, string text) =>
        fault(rule is null ? $"{app}/{key}: {text}" : $"{app}/{rule}/{key}: {text}");

    internal static string Unknown(string key, IReadOnlyCollection<string> known)
    {
        var meant = known.FirstOrDefault(other => string.Equals(other, key, StringComparison.OrdinalIgnoreCase));
        return meant is null
            ? $"unknown key; there are {string.Join(", ", known)}."
            : $"unknown key; keys are case-sensitive: {meant}.";
    }
}
