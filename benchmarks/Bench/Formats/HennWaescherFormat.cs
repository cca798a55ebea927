using System.Globalization;
using Fulfillment.Planning;

namespace Fulfillment.Bench.Formats;

/// <summary>A benchmark instance, or the line on which it could not be read.</summary>
public abstract record InstanceOutcome
{
    private InstanceOutcome() { }

    public sealed record Read(PlanningProblem Problem) : InstanceOutcome;

    public sealed record Unreadable(int Line, string Why) : InstanceOutcome;
}

/// <summary>
/// The text format of the joint order batching and picker routing instances (Henn and Waescher; Muter and Oncan;
/// Bahceci and Oncan), as written by Wahlen and Gschwind (2023, doi 10.1287/trsc.2023.1198). Metres become millimetres.
/// CELL 0 is the back cell there; bays count from the front here.
/// </summary>
public static class HennWaescherFormat
{
    public static InstanceOutcome Read(IReadOnlyList<string> lines)
    {
        var header = new Dictionary<string, string>(StringComparer.Ordinal);
        var weights = new Dictionary<int, int>();
        var places = new Dictionary<int, Location>();
        var orders = new List<PlanningOrder>();
        var picks = new List<(int Article, int Quantity)>();
        var section = "";
        for (var i = 0; i < lines.Count; i++)
        {
            try
            {
                var line = lines[i].Trim();
                if (line is "" or "EOF") continue;
                if (line.EndsWith("_SECTION", StringComparison.Ordinal)) section = line;
                else if (line.Contains(':', StringComparison.Ordinal))
                {
                    var (key, value) = (line[..line.IndexOf(':')].Trim(), line[(line.IndexOf(':') + 1)..].Trim());
                    header[key] = value;
                    if (section != "ORDER_SECTION" || key != "NUM_ARTICLES_IN_ORDER") continue;
                    Close(orders, picks, weights, places);
                }
                else
                {
                    var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    if (section == "ARTICLE_SECTION") weights[Number(words, "ID")] = words.Contains("WEIGHT")
                        ? Number(words, "WEIGHT") : 1;
                    else if (section == "SKU_SECTION") places[Number(words, "ID")] = PlaceOf(words, header);
                    else picks.Add((Number(words, "ID"), Number(words, "QUANTITY")));
                }
            }
            catch (Exception e) when (e is FormatException or KeyNotFoundException or OverflowException)
            {
                return new InstanceOutcome.Unreadable(i + 1, e.Message);
            }
        }

        Close(orders, picks, weights, places);
        return ProblemOf(header, orders, lines.Count);
    }

    private static InstanceOutcome ProblemOf(Dictionary<string, string> header, List<PlanningOrder> orders, int lines)
    {
        try
        {
            var block = new BlockDefinition
            {
                Bays = int.Parse(header["NUM_CELLS"], CultureInfo.InvariantCulture),
                FrontToFirstBayMm = Mm(header["DISTANCE_BOTTOM_TO_CELL"]),
                BayPitchMm = Mm(header["DISTANCE_CELL_TO_CELL"]),
                LastBayToBackMm = Mm(header["DISTANCE_TOP_TO_CELL"]),
            };
            var definition = new LayoutDefinition
            {
                Aisles = int.Parse(header["NUM_AISLES"], CultureInfo.InvariantCulture),
                AislePitchMm = Mm(header["DISTANCE_AISLE_TO_AISLE"]),
                Blocks = [block],
                DepotAisle = int.Parse(header["DEPOT_AISLE"], CultureInfo.InvariantCulture),
                DepotToFrontMm = Mm(header.GetValueOrDefault("DISTANCE_TOP_OR_BOTTOM_TO_DEPOT", "0")),
            };
            var loadMax = int.Parse(header.GetValueOrDefault("PICKER_CAPACITY", "1000000"),
                CultureInfo.InvariantCulture);
            return WarehouseLayout.From(definition) switch
            {
                LayoutOutcome.Laid laid => new InstanceOutcome.Read(new PlanningProblem
                {
                    Layout = laid.Layout,
                    Orders = orders,
                    Cart = new(loadMax, int.MaxValue),
                }),
                LayoutOutcome.Faulty faulty => new InstanceOutcome.Unreadable(lines, string.Join(", ", faulty.Faults)),
                _ => throw new InvalidOperationException("A layout is laid or faulty."),
            };
        }
        catch (Exception e) when (e is FormatException or KeyNotFoundException or OverflowException)
        {
            return new InstanceOutcome.Unreadable(lines, e.Message);
        }
    }

    private static void Close(
        List<PlanningOrder> orders, List<(int Article, int Quantity)> picks, Dictionary<int, int> weights,
        Dictionary<int, Location> places)
    {
        if (picks.Count == 0) return;
        var lines = picks.Select((p, i) => new Pick(places[p.Article], p.Quantity, weights[p.Article] * p.Quantity, i));
        orders.Add(new PlanningOrder(new OrderKey(orders.Count), [.. lines]));
        picks.Clear();
    }

    private static Location PlaceOf(string[] words, Dictionary<string, string> header)
    {
        var cells = int.Parse(header["NUM_CELLS"], CultureInfo.InvariantCulture);
        var side = words.Contains("right") ? Side.Right : Side.Left;
        return new Location(Number(words, "AISLE"), cells - 1 - Number(words, "CELL"), side);
    }

    private static int Number(string[] words, string name)
    {
        var at = Array.IndexOf(words, name);
        if (at < 0 || at + 1 >= words.Length) throw new FormatException($"{name} is missing");
        return int.Parse(words[at + 1], CultureInfo.InvariantCulture);
    }

    private static long Mm(string metres) => (long)(decimal.Parse(metres, CultureInfo.InvariantCulture) * 1000);
}
