using System.Globalization;
using Spectre.Console;

namespace Fulfillment.Surge.Chaos;

/// <summary>The verdict of a storm as a table, and what is broken in it.</summary>
internal static class ChaosTable
{
    /// <summary>Something is lost, doubled, wrong, or went over a limit. Pure.</summary>
    internal static bool Broken(ChaosReport report) =>
        report.Lost + report.Doubled + report.UnexplainedExits + report.Invariants.Broken > 0
        || report.ByKind.Any(kind => kind.BadAnswers + kind.UnreadyReadings > 0)
        || report.LogBytesMax > ChaosSettings.LogBytesPerMinuteMax
        || report.MemoryBytesMax > ChaosSettings.MemoryBytesMax
        || report.Complaints.Count > 0;

    internal static void Write(ChaosReport report)
    {
        // Where nobody looks at a terminal, a line is as long as it is.
        if (!AnsiConsole.Profile.Capabilities.Interactive) AnsiConsole.Profile.Width = 240;
        var table = new Table().AddColumns(
            "fault", "times", "recovery s, median", "max", "bound", "ruled by", "no dispatch s, max", "answers", "bad",
            "unready");
        foreach (var kind in report.ByKind)
        {
            table.AddRow(
                kind.Kind, Text(kind.Count), Text(kind.RecoverySecondsMedian), Text(kind.RecoverySecondsMax),
                Text(kind.BoundSeconds), kind.RuledBy ?? "", Text(kind.OutageSecondsMax),
                string.Join(", ", kind.Statuses.Select(status => $"{status.Value} x {status.Key}")),
                Text(kind.BadAnswers), Text(kind.UnreadyReadings));
        }

        AnsiConsole.Write(table);
        foreach (var (kind, why) in report.Skipped) AnsiConsole.WriteLine($"skipped {kind}: {why}");
        foreach (var words in report.Complaints) AnsiConsole.WriteLine(words);
        foreach (var offender in report.Invariants.Offenders) AnsiConsole.WriteLine(offender);
        AnsiConsole.WriteLine(
            $"{report.Faults} faults, {report.Orders:N0} orders; {report.Lost} lost, {report.Doubled} doubled, "
            + $"{report.Invariants.Checked} checks of the invariants, {report.Invariants.Broken} broken, "
            + $"{report.UnexplainedExits} unexplained exits; at most {report.LogBytesMax / 1024.0:0.0} KiB of log a "
            + $"minute and process, {report.MemoryBytesMax >> 20} MiB a service; seed {report.Seed}");
    }

    private static string Text(double? number) => number?.ToString("0.#", CultureInfo.InvariantCulture) ?? "";
}
