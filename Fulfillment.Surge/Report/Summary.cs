using Spectre.Console;

namespace Fulfillment.Surge.Report;

/// <summary>A report's figures for the terminal.</summary>
internal static class Summary
{
    internal static void Write(SurgeReport report)
    {
        var orders = report.Orders;
        AnsiConsole.MarkupInterpolated(
            $"sent {orders.Sent:N0}, accepted {orders.Accepted:N0}, repeated {orders.Repeated:N0}, ");
        AnsiConsole.MarkupInterpolated($"rejected {orders.Rejected:N0}, backordered {orders.Backordered:N0}, ");
        AnsiConsole.MarkupInterpolated($"planned {orders.Planned:N0}, picked {orders.Picked:N0}, ");
        AnsiConsole.MarkupLineInterpolated($"cancelled {orders.Cancelled:N0} in {report.Seconds:N1} s");

        var table = new Table().AddColumn("ms since the intended send");
        foreach (var column in new[] { "p50", "p95", "p99", "max" })
            table.AddColumn(new TableColumn(column).RightAligned());
        Row(table, "accept", report.LatencyMs.Accept);
        Row(table, "plan", report.LatencyMs.Plan);
        Row(table, "confirm", report.LatencyMs.Confirm);
        Row(table, "pick", report.LatencyMs.Pick);
        AnsiConsole.Write(table);
        if (report.Metres.Total > 0) // HTTP alone does not show them
            AnsiConsole.MarkupLineInterpolated(
                $"{report.Metres.Total:N0} m walked, {report.Metres.PerLine:N2} m a line");
        foreach (var word in report.Verdict) AnsiConsole.MarkupLineInterpolated($"[yellow]{word}[/]");
        foreach (var detail in report.Invariants.Details) AnsiConsole.MarkupLineInterpolated($"[red]{detail}[/]");
        AnsiConsole.MarkupInterpolated($"{report.Invariants.Checked} checks of the invariants, ");
        AnsiConsole.MarkupLineInterpolated($"{report.Invariants.Broken} broken; seed {report.Seed}");
    }

    private static void Row(Table table, string name, Percentiles? values)
    {
        if (values is null) return;
        table.AddRow(name, $"{values.P50:N1}", $"{values.P95:N1}", $"{values.P99:N1}", $"{values.Max:N1}");
    }
}
