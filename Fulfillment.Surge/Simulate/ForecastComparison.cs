using System.Globalization;

namespace Fulfillment.Surge.Simulate;

/// <summary>
/// <c>simulate --forecast</c>: the deployed rule alone and beside a forecast, on the day, the season and the step.
/// </summary>
internal static class ForecastComparison
{
    /// <summary>A difference below this share of a figure is none: another seed moves it as much.</summary>
    private const double Margin = 0.05;

    /// <param name="Cost">Replica-seconds over perfect foresight's.</param>
    /// <param name="P99Seconds">Confirmation, 99 of 100.</param>
    internal sealed record Side(double Cost, double P99Seconds);

    internal sealed record Row(string Shape, Side Rule, Side Forecast, double? Error)
    {
        /// <summary>Better in one, and not worse in the other.</summary>
        internal bool Wins => Forecast.Cost <= Rule.Cost * (1 + Margin)
            && Forecast.P99Seconds <= Rule.P99Seconds * (1 + Margin)
            && (Forecast.Cost < Rule.Cost * (1 - Margin) || Forecast.P99Seconds < Rule.P99Seconds * (1 - Margin));
    }

    internal static async Task WriteAsync(
        TextWriter output, SimulationSettings settings, IReadOnlyList<Arrivals> shapes, CancellationToken cancellation)
    {
        await output.WriteLineAsync("| arrivals | rule: replica-seconds over foresight, p99 | with forecast | "
            + "error of the forecast | recommended |\n|---|---|---|---|---|");
        foreach (var shape in shapes)
        {
            var row = Compare(settings with { Arrivals = shape }, cancellation);
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"| {row.Shape} | {row.Rule.Cost:0.00}, {row.Rule.P99Seconds:0.0} s "
                    + $"| {row.Forecast.Cost:0.00}, {row.Forecast.P99Seconds:0.0} s | {row.Error:P1} "
                    + $"| {(row.Wins ? "yes" : "no")} |"));
        }
    }

    internal static Row Compare(SimulationSettings settings, CancellationToken cancellation)
    {
        var (rule, _) = Run(settings with { Forecast = false }, cancellation);
        var (forecast, error) = Run(settings with { Forecast = true }, cancellation);
        return new(settings.Arrivals.Name, rule, forecast, error);
    }

    private static (Side Side, double? Error) Run(SimulationSettings settings, CancellationToken cancellation)
    {
        var run = Simulation.Run(settings, cancellation);
        return (new(run.ReplicaSeconds / run.Foresight.ReplicaSeconds, run.Confirm.P99 / 1_000), run.ForecastError);
    }
}
