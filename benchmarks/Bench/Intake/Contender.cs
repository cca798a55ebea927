using Fulfillment.Hosting;

namespace Fulfillment.Bench.Intake;

/// <summary>
/// One run of one contender. <see cref="Acknowledged"/> counts warm-up too, all else the window alone.
/// </summary>
internal sealed record IntakeRun(
    long Acknowledged, double PerSecond, double P50Ms, double P99Ms, double CpuSecondsPerThousand, double OthersShare,
    string? Oddity, TimeSpan LongestPause = default);

/// <summary>Something that takes orders, on a database of its own in the one cluster.</summary>
internal abstract class Contender(string name, string database)
{
    internal string Name => name;

    internal string Database => database;

    /// <summary>The ids of its orders in this run begin with the prefix.</summary>
    internal abstract Task<IntakeRun> RunAsync(
        string @case, string prefix, TimeSpan warmUp, TimeSpan window, CancellationToken cancellation);

    /// <summary>
    /// Finds its best setting for the case (clients, connections, form), so that it is shown at its best.
    /// </summary>
    internal virtual Task TuneAsync(string @case, Func<Contender, Task<IntakeRun>> trial) => Task.CompletedTask;

    /// <summary>What the best setting was, for the table.</summary>
    internal virtual string Setting(string @case) => "";

    /// <summary>Stops for as long as another runs: polling must not cost the others.</summary>
    internal virtual void Pause()
    {
    }

    internal virtual void Resume()
    {
    }
}

/// <summary>A service that answers POST /orders, under the one client that all services have.</summary>
internal sealed class HttpContender(
    string name, string database, IReadOnlyList<string> keys, IReadOnlyList<int> connections,
    IReadOnlyList<Child> forms, TimeProvider clock) : Contender(name, database)
{
    internal IReadOnlyList<Child> Forms => forms;

    private readonly Dictionary<string, (int Connections, Child Form)> _best = [];
    private (int Connections, Child Form) _trial = (connections[0], forms[0]);

    internal override async Task TuneAsync(string @case, Func<Contender, Task<IntakeRun>> trial)
    {
        if (forms.Count == 1 && connections.Count == 1) return; // nothing to find out
        var (best, chosen) = (0.0, _trial);
        foreach (var setting in forms.SelectMany(form => connections.Select(count => (count, form))))
        {
            _trial = setting;
            var run = await trial(this);
            if (run.PerSecond > best) (best, chosen) = (run.PerSecond, setting);
        }

        _best[@case] = chosen;
    }

    internal override string Setting(string @case) =>
        $"{In(@case).Connections} connections" + (forms.Count > 1 ? $", {In(@case).Form.Name.Split('-')[0]}" : "");

    internal override Task<IntakeRun> RunAsync(
        string @case, string prefix, TimeSpan warmUp, TimeSpan window, CancellationToken cancellation) =>
        RunAsync(@case, prefix, warmUp, window, null, cancellation);

    /// <summary>With <paramref name="perSecond"/> an open loop.</summary>
    internal async Task<IntakeRun> RunAsync(
        string @case, string prefix, TimeSpan warmUp, TimeSpan window, double? perSecond,
        CancellationToken cancellation)
    {
        var (count, form) = In(@case);
        var address = new Uri(form.Url!);
        var requests = new OrderRequests(keys, address.Authority, @case, prefix, seed: 1);
        using var load = new HttpLoad(address, count, requests.Write, clock);
        var figures = await Task.Factory.StartNew(
            () => load.Run(warmUp, window, perSecond, cancellation), cancellation, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        return new IntakeRun(
            figures.Count(201), figures.PerSecond, figures.Ms(50), figures.Ms(99),
            figures.Measured == 0 ? 0 : figures.Cpu.Own * 1000 / figures.Measured,
            figures.Cpu.Others / (window.TotalSeconds * Environment.ProcessorCount),
            figures.Others(201) == 0 ? null : $"{figures.Others(201)} other answers, one of them: {figures.Oddity}",
            figures.LongestPause);
    }

    internal override void Pause()
    {
        foreach (var form in forms) form.Pause();
    }

    internal override void Resume()
    {
        foreach (var form in forms) form.Resume();
    }

    private (int Connections, Child Form) In(string @case) => _best.GetValueOrDefault(@case, _trial);
}
