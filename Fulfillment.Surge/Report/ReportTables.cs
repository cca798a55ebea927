using System.Globalization;
using System.Text;

namespace Fulfillment.Surge.Report;

/// <summary>The report's tables.</summary>
internal static class ReportTables
{
    private static readonly CultureInfo English = CultureInfo.InvariantCulture;

    internal static string CellName(SurgeReport report) =>
        report.Cell is { } cell ? $"{cell.Plan}, {cell.Replicas}" : report.Profile;

    internal static string Figures(SurgeReport report)
    {
        var orders = report.Orders;
        var rows = new List<(string, string)>
        {
            ("Orders sent", Count(orders.Sent)), ("accepted", Count(orders.Accepted)),
            ("repeated", Count(orders.Repeated)),
            ("rejected", Count(orders.Rejected)), ("backordered", Count(orders.Backordered)),
            ("planned", Count(orders.Planned)), ("picked", Count(orders.Picked)),
            ("cancelled", Count(orders.Cancelled)),
        };
        if (report.Planning is { Planned: > 0 } planning)
        {
            rows.Add(("Orders a pool", planning.PoolMean.ToString("0.#", English)));
            rows.Add(("CPU of the replicas an order",
                string.Create(English, $"{planning.ReplicaCpuSeconds / planning.Planned * 1_000:0.##} ms")));
        }

        Latency("Answer", report.LatencyMs.Accept);
        Latency("Plan", report.LatencyMs.Plan);
        Latency("Confirmation", report.LatencyMs.Confirm);
        Latency("Pick", report.LatencyMs.Pick);
        if (report.Metres.Total > 0)
            rows.Add(("Metres walked",
                string.Create(English, $"{report.Metres.Total:N0}, {report.Metres.PerLine:0.##} a line")));
        if (report.OnTimeShare is { } share) rows.Add(("Picked on time", string.Create(English, $"{share:P1}")));
        if (report.Backlog.Count > 0)
            rows.Add(("Largest backlog", Count((long)report.Backlog.Max(at => at.Total)) + " orders"));
        if (report.Replicas.Count > 0)
            rows.Add(("Most replicas", Count((long)report.Replicas.Max(at => at.Count))));
        if (report.Elasticity is { } elastic)
        {
            rows.Add(("Time short of capacity", string.Create(English, $"{elastic.UnderTimeShare:P1}, "
                + $"{elastic.UnderAccuracy:0.##} replicas on average")));
            rows.Add(("Time with idle capacity", string.Create(English, $"{elastic.OverTimeShare:P1}, "
                + $"{elastic.OverAccuracy:0.##} replicas on average")));
            if (elastic.ElasticSpeedup is { } speedup)
                rows.Add(("Elastic speedup over as many, fixed", string.Create(English, $"{speedup:0.##}")));
        }
        return Pairs(rows);

        void Latency(string name, Percentiles? of)
        {
            if (of is null) return;
            rows.Add((name + ", half / 95 / 99 of 100 / longest",
                $"{Time(of.P50)} / {Time(of.P95)} / {Time(of.P99)} / {Time(of.Max)}"));
        }
    }

    internal static string Cost(SurgeReport report)
    {
        if (report.Cost is not { } cost) return "";
        var rows = new List<(string, string)>
        {
            ("Replica-seconds", string.Create(English,
                $"{cost.ReplicaSeconds:N0} at {cost.ReplicaSecondPrice:0.########} {cost.Currency}")),
            ("Picker-hours", string.Create(English,
                $"{cost.PickerHours:N1} at {cost.PickerHourPrice:0.##} {cost.Currency}")),
            ("Together", string.Create(English, $"{cost.Total:N2} {cost.Currency}")),
            ("An order", string.Create(English, $"{cost.PerOrder:G3} {cost.Currency}")),
        };
        return Pairs(rows);
    }

    internal static string Clients(SurgeReport report) => Table(
        ["Client", "Orders", "Lines", "Picked", "Confirmed: half", "99 of 100", "Metres a line"],
        report.Clients.Select(client => new[]
        {
            client.Client, Count(client.Orders), Count(client.Lines), Count(client.Picked), Time(client.ConfirmP50),
            Time(client.ConfirmP99), client.Lines > 0 ? (client.Metres / client.Lines).ToString("0.##", English) : "",
        }));

    internal static string Matrix(IReadOnlyList<SurgeReport> cells) => Table(
        ["Load", "Plan and replicas", "Counts", "Confirmed, 99 of 100", "Largest backlog", "Collapsed", "On time",
         "Metres a line", "Orders a pool", "CPU an order", "Replica-seconds", "Picker-hours", "Cost an order",
         "Invariants"],
        cells.OrderBy(cell => cell.Scale).Select(cell => new[]
        {
            string.Create(English, $"{cell.Scale:0.#}x"), CellName(cell), cell.Void is null ? "yes" : "void",
            cell.LatencyMs.Confirm is { } confirm ? Time(confirm.P99) : "",
            cell.Backlog.Count > 0 ? Count((long)cell.Backlog.Max(at => at.Total)) : "",
            cell.Collapsed switch { true => "yes", false => "no", null => "" },
            cell.OnTimeShare is { } share ? share.ToString("P1", English) : "",
            cell.Metres.PerLine > 0 ? cell.Metres.PerLine.ToString("0.##", English) : "",
            cell.Planning is { } pools ? pools.PoolMean.ToString("0.#", English) : "",
            cell.Planning is { Planned: > 0 } plan
                ? string.Create(English, $"{plan.ReplicaCpuSeconds / plan.Planned * 1_000:0.##} ms") : "",
            cell.Cost is { } cost ? cost.ReplicaSeconds.ToString("N0", English) : "",
            cell.Cost is { } hands ? hands.PickerHours.ToString("N1", English) : "",
            cell.Cost is { } money ? string.Create(English, $"{money.PerOrder:G3} {money.Currency}") : "",
            cell.Invariants.Broken == 0 ? $"{cell.Invariants.Checked} held" : $"{cell.Invariants.Broken} BROKEN",
        }));

    internal static string Invariants(InvariantFindings found)
    {
        var text = new StringBuilder()
            .Append(English, $"<p>{found.Checked} invariants checked, {found.Broken} broken.</p>");
        if (found.Details.Count == 0) return text.ToString();
        text.Append("<ul>");
        foreach (var detail in found.Details) text.Append("<li>").Append(HtmlReport.Text(detail)).Append("</li>");
        return text.Append("</ul>").ToString();
    }

    internal static string Settings(IReadOnlyDictionary<string, string> settings) =>
        Pairs([.. settings.Select(setting => (setting.Key, setting.Value))]);

    internal static string Time(double milliseconds) => milliseconds switch
    {
        < 1_000 => string.Create(English, $"{milliseconds:0} ms"),
        < 120_000 => string.Create(English, $"{milliseconds / 1_000:0.#} s"),
        < 7_200_000 => string.Create(English, $"{milliseconds / 60_000:0.#} min"),
        _ => string.Create(English, $"{milliseconds / 3_600_000:0.#} h"),
    };

    private static string Count(long count) => count.ToString("N0", English);

    private static string Pairs(IReadOnlyList<(string Name, string Value)> rows)
    {
        var text = new StringBuilder("<table class=\"pairs\">");
        foreach (var (name, value) in rows)
            text.Append("<tr><th>").Append(HtmlReport.Text(name)).Append("</th><td>").Append(HtmlReport.Text(value))
                .Append("</td></tr>");
        return text.Append("</table>").ToString();
    }

    private static string Table(string[] head, IEnumerable<string[]> rows)
    {
        var text = new StringBuilder("<div class=\"wide\"><table><thead><tr>");
        foreach (var name in head) text.Append("<th>").Append(HtmlReport.Text(name)).Append("</th>");
        text.Append("</tr></thead><tbody>");
        foreach (var row in rows)
        {
            text.Append("<tr>");
            foreach (var value in row) text.Append("<td>").Append(HtmlReport.Text(value)).Append("</td>");
            text.Append("</tr>");
        }
        return text.Append("</tbody></table></div>").ToString();
    }
}
