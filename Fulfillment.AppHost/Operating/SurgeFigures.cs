using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Fulfillment.AppHost.Operating;

/// <summary>A surge's report as a person reads it at the end.</summary>
internal static class SurgeFigures
{
    internal static string Markdown(JsonNode report)
    {
        var orders = report["orders"]!;
        var broken = report["invariants"]!["broken"]!.GetValue<int>();
        var lost = broken == 0 ? "No order was lost." : $"**{broken} checks failed.**";
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"""
            {orders["sent"]} orders sent, {orders["accepted"]} accepted, {orders["picked"]} picked,
            {orders["backordered"]} wait for stock. {lost}

            | milliseconds since the intended send | p50 | p99 | most |
            |---|---:|---:|---:|

            """);
        Row(text, "accepted", report["latencyMs"]!["accept"]);
        Row(text, "the brand can be told", report["latencyMs"]!["confirm"]);
        Row(text, "picked", report["latencyMs"]!["pick"]);
        foreach (var word in report["verdict"]?.AsArray() ?? [])
            text.Append(CultureInfo.InvariantCulture, $"\n{word}\n");
        return text.ToString();
    }

    private static void Row(StringBuilder text, string name, JsonNode? values)
    {
        if (values is null) return;
        text.Append(CultureInfo.InvariantCulture,
            $"| {name} | {Number(values["p50"])} | {Number(values["p99"])} | {Number(values["max"])} |\n");
    }

    private static string Number(JsonNode? value) =>
        value!.GetValue<double>().ToString("N0", CultureInfo.InvariantCulture);
}
