using System.Globalization;

namespace Fulfillment.Surge.Simulate;

/// <summary>The search's answer: the file to put in place, and why.</summary>
internal static class Recommendation
{
    internal static void Write(TextWriter output, SimulationSettings settings, RuleSearch.Result found, double promised)
    {
        var english = CultureInfo.InvariantCulture;
        output.WriteLine(string.Create(english,
            $"{found.Tried} rules tried for 99 of 100 orders within {promised:0.#} s."));
        if (found.Best is not { } best)
        {
            output.WriteLine(string.Create(english,
                $"None keeps it. The fastest takes {found.Fastest.P99Seconds:0.#} s; a larger minimum, a faster "
                    + $"start or a cheaper plan is needed."));
            return;
        }
        output.WriteLine(string.Create(english,
            $"The cheapest keeps {best.P99Seconds:0.#} s for {best.ReplicaSeconds:N0} replica-seconds and needs "
                + $"{best.PeakReplicas} replicas at its peak."));
        output.WriteLine(string.Create(english,
            $"One replica plans {settings.ReplicaRate:0.##} orders/s; the busiest minute needs "
                + $"{RuleSearch.PeakDemand(settings)} of them."));
        output.WriteLine(Autoscaling.Rules.ScaleRulesFile.Write(best.Spec));
    }
}
