using Fulfillment.Surge.Load;

namespace Fulfillment.Surge.Live;

/// <summary>
/// What a pool costs and what an order in it costs, from two stretches of a run that planned by pools of different
/// size: cpu = pools x a + orders x b, twice. One stretch alone cannot tell the two apart.
/// </summary>
internal sealed record PlannerFit(double SecondsPerPool, double SecondsPerOrder)
{
    /// <param name="Cpu">Seconds.</param>
    /// <param name="Pools">Plans committed.</param>
    /// <param name="Orders">Releases in them.</param>
    internal sealed record Stretch(double Cpu, double Pools, double Orders);

    /// <summary>Null where the two are too alike, or say that something costs less than nothing.</summary>
    internal static PlannerFit? Of(Stretch one, Stretch other)
    {
        var determinant = (one.Pools * other.Orders) - (other.Pools * one.Orders);
        if (Math.Abs(determinant) < 0.01 * one.Pools * other.Orders) return null;
        var perPool = ((one.Cpu * other.Orders) - (other.Cpu * one.Orders)) / determinant;
        var perOrder = ((one.Pools * other.Cpu) - (other.Pools * one.Cpu)) / determinant;
        return perPool >= 0 && perOrder >= 0 ? new(perPool, perOrder) : null;
    }

    /// <summary>The surge against the rest of a live run.</summary>
    internal static PlannerFit? Of(
        IReadOnlyList<Look> looks, IReadOnlyList<(double At, int Orders)> pools, RunPhases phases)
    {
        var whole = Between(0, phases.Total);
        var surge = Between(phases.Normal, phases.SurgeEnd);
        return Of(surge, new(whole.Cpu - surge.Cpu, whole.Pools - surge.Pools, whole.Orders - surge.Orders));

        Stretch Between(double from, double to)
        {
            var within = pools.Where(pool => pool.At >= from && pool.At < to).ToList();
            return new(CpuAt(to) - CpuAt(from), within.Count, within.Sum(pool => pool.Orders));
        }

        double CpuAt(double second) => looks.LastOrDefault(look => look.T <= second)?.ReplicaCpu ?? 0;
    }
}
