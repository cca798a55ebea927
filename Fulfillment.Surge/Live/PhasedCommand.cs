using Fulfillment.Surge.Report;
using Spectre.Console;

namespace Fulfillment.Surge.Live;

/// <summary>A run through the phases on the terminal, and its files.</summary>
internal static class PhasedCommand
{
    private static readonly TimeSpan InLog = TimeSpan.FromSeconds(5);

    /// <summary>0 when every invariant held, 1 when one broke.</summary>
    internal static async Task<int> RunAsync(
        PhasedOptions options, string? file, TimeProvider clock, CancellationToken cancellation)
    {
        AnsiConsole.MarkupLineInterpolated(
            $"{options.Profile}, {options.Scale}x, {options.Phases.Total:0} s, seed {options.Seed}");
        var outcome = await ShownAsync(options, clock, cancellation);
        Summary.Write(outcome.Report);
        if (file is not null) await WriteAsync(outcome, file, cancellation);
        return outcome.Report.Invariants.Broken == 0 ? 0 : ExitCodes.Broken;
    }

    /// <summary>One line that changes on a terminal; a line now and then in a log.</summary>
    internal static async Task<PhasedOutcome> ShownAsync(
        PhasedOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        if (AnsiConsole.Profile.Capabilities.Interactive)
        {
            return await AnsiConsole.Status().StartAsync("starting", status => PhasedRun.RunAsync(
                options, clock, what => status.Status = Markup.Escape(what),
                look => status.Status = Markup.Escape(LineOf(look, options)), cancellation));
        }

        var shown = clock.GetTimestamp();
        return await PhasedRun.RunAsync(
            options, clock, Console.WriteLine,
            look =>
            {
                if (clock.GetElapsedTime(shown) < InLog) return;
                shown = clock.GetTimestamp();
                Console.WriteLine(LineOf(look, options));
            },
            cancellation);
    }

    /// <summary>The JSON, the page beside it, and each decision of the controller.</summary>
    internal static async Task WriteAsync(PhasedOutcome outcome, string file, CancellationToken cancellation)
    {
        await File.WriteAllTextAsync(file, outcome.Report.ToJson(), cancellation);
        var page = Path.ChangeExtension(file, ".html");
        await File.WriteAllTextAsync(page, HtmlReport.Render(outcome.Report), cancellation);
        if (outcome.Decisions.Snapshot().Count > 0)
        {
            await using var decisions = new StreamWriter(Path.ChangeExtension(file, ".decisions.csv"));
            await outcome.Decisions.WriteCsvAsync(decisions, cancellation);
        }

        AnsiConsole.WriteLine($"{file} and {page}");
    }

    private static string LineOf(Look look, PhasedOptions options)
    {
        var phase = options.Phases.Named.LastOrDefault(phase => look.T >= phase.From)?.Name ?? "normal";
        return FormattableString.Invariant(
            $"{look.T,5:0.0} s {phase,-6} backlog {look.Postgres + look.OnStream + look.InFlight,6:N0} (Postgres ")
            + FormattableString.Invariant(
            $"{look.Postgres:N0}, stream {look.OnStream:N0}, in hand {look.InFlight:N0}), replicas {look.Ready}/")
            + FormattableString.Invariant($"{look.Asked}, pickers {look.Pickers}");
    }
}
