using System.Globalization;
using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Live;

/// <summary>A live run's findings in sentences, all of them computed from its figures.</summary>
internal static class LiveWords
{
    private static readonly CultureInfo English = CultureInfo.InvariantCulture;

    internal static IEnumerable<string> Of(SurgeReport report, PhasedOptions options, LiveFacts facts)
    {
        var peak = report.Backlog.Select(at => at.Total).DefaultIfEmpty(0).Max();
        var most = report.Replicas.Select(row => row.Desired).DefaultIfEmpty(0).Max();
        yield return string.Create(English, $"{report.Orders.Accepted:N0} orders came, "
            + $"{facts.Clients.PlannedInTime:N0} were planned in the measured time with up to {most:0} replicas; "
            + $"at most {peak:N0} waited.");
        if (facts.Clients.PlannedInTime < report.Orders.Accepted)
            yield return string.Create(English,
                $"The last {report.Orders.Accepted - facts.Clients.PlannedInTime:N0} were "
                + $"planned when the measured time was over, by replicas without a limit: their times are too good.");
        if (report.Oracles is { } oracles && options.FixedReplicas is null)
        {
            yield return string.Create(English, $"Largest backlog: {oracles.PeakRatio:0.00} times that of the best "
                + $"that doubling allows ({oracles.RampPeakBacklog:N0}).");
            yield return string.Create(English, $"Replica-seconds: {oracles.ReplicaSeconds:N0}, "
                + $"{oracles.ReplicaSecondsRatio:0.00} times those of perfect foresight.");
        }

        if (report.Elasticity is { } elastic)
            yield return string.Create(English, $"Short of capacity for {elastic.UnderTimeShare:P1} of the time.");
        if (LiveSettings.Startup(facts) is { } startup)
            yield return string.Create(English, $"A replica took {startup.TotalSeconds:0.0} s to come up, which the "
                + $"compression makes {startup.TotalSeconds * options.Compression:0} s of the day.");
        foreach (var word in Labour(report, facts)) yield return word;
        foreach (var word in Others(facts)) yield return word;
        if (facts.KilledDraining > 0)
            yield return $"{facts.KilledDraining} replicas were killed because they did not drain in time.";
        if (!facts.Quiet) yield return "Releases were still open when nothing moved any more.";
        foreach (var word in facts.Complaints) yield return word;
    }

    private static IEnumerable<string> Labour(SurgeReport report, LiveFacts facts)
    {
        if (report.OnTimeShare is not { } share) yield break;
        yield return string.Create(English, $"{share:P1} of the orders were picked before their ship-by, for "
            + $"{facts.OnTime.PickerHours:N1} paid picker-hours")
            + (facts.OnTime.ProjectedTours > 0
                ? string.Create(English, $"; {facts.OnTime.ProjectedTours:N0} tours were left and walked on paper.")
                : ".");
    }

    private static IEnumerable<string> Others(LiveFacts facts)
    {
        if (facts.Clients is not { AheadMost: > 0, OthersSurgeP99: { } surge, OthersNormalP99: { } normal })
            yield break;
        yield return string.Create(English,
            $"The other clients' 99 of 100: {normal:N0} ms before the surge, {surge:N0} ms in it; at most "
            + $"{facts.Clients.AheadMost:N0} of the surging client's orders went ahead of one of theirs.");
    }
}
