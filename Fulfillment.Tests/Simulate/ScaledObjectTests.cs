using Fulfillment.Autoscaling.Rules;
using Fulfillment.Surge.Simulate;
using Xunit;

namespace Fulfillment.Tests.Simulate;

public sealed class ScaledObjectTests
{
    [Fact]
    public void The_rule_is_written_as_KEDA_takes_it_and_nothing_takes_the_autoscaler_off_its_path()
    {
        var window = CronWindow.Read("Etc/UTC", "0 6 27 11 *", "0 22 30 11 *", (_, why) => Assert.Fail(why));
        var settings = SimulationTests.Settings();
        var spec = settings.Spec with { Rules = [.. settings.Spec.Rules, new CronRule("holiday", window!, 10)] };
        var yaml = ScaledObjectYaml.Write(spec, "10.0.0.4:6379");
        Assert.Equal("""
            apiVersion: keda.sh/v1alpha1
            kind: TriggerAuthentication
            metadata:
              name: picking-redis
            spec:
              secretTargetRef:
                - parameter: password
                  name: picking-redis
                  key: password
            ---
            apiVersion: keda.sh/v1alpha1
            kind: ScaledObject
            metadata:
              name: picking
            spec:
              scaleTargetRef:
                name: picking
              minReplicaCount: 1
              maxReplicaCount: 30
              pollingInterval: 30
              cooldownPeriod: 300
              triggers:
                - type: redis-streams
                  name: orders
                  metadata:
                    address: "10.0.0.4:6379"
                    stream: "picking:main:orders"
                    streamLength: "120"
                    activationLagCount: "0"
                    databaseIndex: "0"
                    enableTLS: "false"
                  authenticationRef:
                    name: picking-redis
                - type: cron
                  name: holiday
                  metadata:
                    timezone: "Etc/UTC"
                    start: "0 6 27 11 *"
                    end: "0 22 30 11 *"
                    desiredReplicas: "10"

            """.ReplaceLineEndings("\n"), yaml);
    }
}
