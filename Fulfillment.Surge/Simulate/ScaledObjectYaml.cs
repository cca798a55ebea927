using System.Globalization;
using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Surge.Simulate;

/// <summary>
/// The rule as KEDA's ScaledObject with its TriggerAuthentication, for a cluster of one's own. It has no
/// <c>advanced.horizontalPodAutoscalerConfig</c>: a behaviour there would take the autoscaler off the path that
/// Container Apps runs.
/// </summary>
internal static class ScaledObjectYaml
{
    internal static string Write(ScaleSpec spec, string redisAddress)
    {
        var app = spec.App;
        var lines = new List<string>
        {
            "apiVersion: keda.sh/v1alpha1", "kind: TriggerAuthentication", "metadata:", $"  name: {app}-redis", "spec:",
            "  secretTargetRef:", "    - parameter: password", $"      name: {app}-redis", "      key: password", "---",
            "apiVersion: keda.sh/v1alpha1", "kind: ScaledObject", "metadata:", $"  name: {app}", "spec:",
            "  scaleTargetRef:", $"    name: {app}",
            Number("  minReplicaCount", spec.MinReplicas), Number("  maxReplicaCount", spec.MaxReplicas),
            Number("  pollingInterval", spec.PollingInterval.TotalSeconds),
            Number("  cooldownPeriod", spec.CooldownPeriod.TotalSeconds), "  triggers:",
        };
        foreach (var (rule, type, metadata) in ScaleRulesFile.Triggers(spec))
        {
            lines.Add($"    - type: {type}");
            lines.Add($"      name: {rule.Name}");
            lines.Add("      metadata:");
            if (rule is RedisStreamsRule) lines.Add($"        address: {Quoted(redisAddress)}");
            lines.AddRange(metadata.Select(pair => $"        {pair.Key}: {Quoted(pair.Value)}"));
            if (rule is RedisStreamsRule) lines.AddRange(["      authenticationRef:", $"        name: {app}-redis"]);
        }
        return string.Join('\n', lines) + "\n";
    }

    private static string Number(string key, double value) =>
        string.Create(CultureInfo.InvariantCulture, $"{key}: {value:0}");

    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
}
