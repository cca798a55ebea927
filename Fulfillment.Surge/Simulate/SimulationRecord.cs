using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Surge.Report;
using HdrHistogram;

namespace Fulfillment.Surge.Simulate;

/// <summary>What a simulated run went through: sums over every step, and samples for the plots.</summary>
internal sealed class SimulationRecord
{
    private const int SamplesMax = 1_500;
    private const long LatencyMsMax = 30L * 86_400_000;

    private readonly SimulationSettings settings;
    private readonly double sampleSeconds;
    private readonly LongHistogram latency = new(LatencyMsMax, 3);
    private readonly LongHistogram latencyOfSample = new(LatencyMsMax, 3);
    private readonly Provisioning provisioning = new();
    private double sampleEnd;
    private double confirmationEnd;
    private long arrivedInSample;

    internal SimulationRecord(SimulationSettings settings)
    {
        this.settings = settings;
        sampleSeconds = Math.Max(settings.StepSeconds, settings.Arrivals.Seconds / SamplesMax);
        confirmationEnd = sampleSeconds;
    }

    /// <summary>Of the forecast, where there is one: the sum of misses over the sum of orders.</summary>
    internal double? ForecastError { get; set; }

    internal DecisionLog Decisions { get; } = new();
    internal List<ReplicasAt> Replicas { get; } = [];
    internal List<BacklogAt> Backlog { get; } = [];
    internal List<ArrivalsAt> Arrivals { get; } = [];
    internal List<ConfirmationAt> Confirmations { get; } = [];
    internal long Arrived { get; private set; }
    internal long Unplanned { get; private set; }
    internal double ReplicaSeconds { get; private set; }
    internal long ConfirmedOrders => latency.TotalCount;
    internal double PeakBacklog { get; private set; }
    internal int PeakReplicas { get; private set; }
    internal Elasticity Elasticity { get; private set; } = new(0, 0, 0, 0, null);

    internal Percentiles Confirm => new(
        latency.GetValueAtPercentile(50), latency.GetValueAtPercentile(95), latency.GetValueAtPercentile(99),
        latency.TotalCount == 0 ? 0 : latency.GetMaxValue());

    internal void Confirmed(double arrived, double confirmed, int orders)
    {
        // First come first planned, so the intervals of arrival come in order.
        if (arrived >= confirmationEnd) CloseConfirmations(arrived);
        var ms = (long)Math.Min((confirmed - arrived) * 1_000, LatencyMsMax);
        latency.RecordValueWithCount(ms, orders);
        latencyOfSample.RecordValueWithCount(ms, orders);
    }

    internal void Sample(double now, int orders, VirtualQueue queue, VirtualReplicas replicas)
    {
        Arrived += orders;
        arrivedInSample += orders;
        Unplanned = queue.Total;
        ReplicaSeconds += replicas.Paid * settings.StepSeconds;
        PeakBacklog = Math.Max(PeakBacklog, queue.Total);
        PeakReplicas = Math.Max(PeakReplicas, replicas.SpecCount);
        var demand = Oracles.Demand(settings.Arrivals.RateAt(now), settings.ReplicaRate, settings.Spec.MinReplicas);
        provisioning.Add(demand, replicas.ReadyCount);
        if (now < sampleEnd) return;
        var seconds = now - (Arrivals.Count > 0 ? Arrivals[^1].T : now - settings.StepSeconds);
        Arrivals.Add(new(now, arrivedInSample / seconds));
        Backlog.Add(new(now, queue.Postgres, queue.Waiting, queue.InFlight));
        Replicas.Add(new(now, replicas.SpecCount, replicas.SpecCount, demand, Ready: replicas.ReadyCount));
        arrivedInSample = 0;
        sampleEnd = now + sampleSeconds;
    }

    internal SimulationRecord Close()
    {
        CloseConfirmations(double.PositiveInfinity);
        Elasticity = provisioning.Figures();
        var foresight = Oracles.PerfectForesight(settings);
        var ramp = Oracles.Ramp(settings);
        for (var index = 0; index < Replicas.Count; index++)
            Replicas[index] = Replicas[index] with
            { Oracle = foresight.ReplicasAt(Replicas[index].T), Ramp = ramp.ReplicasAt(Replicas[index].T) };
        (Foresight, Ramp) = (foresight, ramp);
        return this;
    }

    internal OracleRun Foresight { get; private set; } = OracleRun.None;
    internal OracleRun Ramp { get; private set; } = OracleRun.None;

    private void CloseConfirmations(double arrived)
    {
        if (latencyOfSample.TotalCount > 0)
            Confirmations.Add(new(
                confirmationEnd, latencyOfSample.GetValueAtPercentile(50), latencyOfSample.GetValueAtPercentile(99)));
        latencyOfSample.Reset();
        if (double.IsFinite(arrived))
            confirmationEnd = (Math.Floor(arrived / sampleSeconds) + 1) * sampleSeconds;
    }
}
