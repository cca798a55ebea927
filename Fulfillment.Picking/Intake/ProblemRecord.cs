using System.Text.Json;
using System.Text.Json.Serialization;
using Fulfillment.Planning;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// The pool as the planner got it, kept with its plan so that the plan can be made again: for each order its key,
/// ship-by and picks as [aisle, bay, side, quantity, load, line]. The pace is written too, since a default may change.
/// </summary>
internal sealed record ProblemRecord(LayoutDefinition Layout, int CartLoadMax, int CartOrdersMax, long NowUnixSeconds,
    IReadOnlyList<ProblemOrder> Orders, FloorPace? Pace = null)
{
    internal static byte[] Write(PlanningProblem problem) => JsonSerializer.SerializeToUtf8Bytes(
        new ProblemRecord(problem.Layout.Definition, problem.Cart.LoadMax, problem.Cart.OrdersMax,
            problem.NowUnixSeconds,
            [.. problem.Orders.Select(o => new ProblemOrder(o.Key.Id, o.Key.Part, o.ShipBy,
                [.. o.Picks.Select(p => (int[])[p.Location.Aisle, p.Location.Bay, (int)p.Location.Side, p.Quantity,
                    p.Load, p.Line])]))],
            problem.Pace),
        ProblemRecordJson.Default.ProblemRecord);

    /// <exception cref="JsonException">The bytes are no problem written by <see cref="Write"/>.</exception>
    internal static PlanningProblem Read(ReadOnlySpan<byte> bytes)
    {
        var record = JsonSerializer.Deserialize(bytes, ProblemRecordJson.Default.ProblemRecord)
            ?? throw new JsonException("null");
        return new PlanningProblem
        {
            Layout = WarehouseLayout.From(record.Layout) is LayoutOutcome.Laid laid
                ? laid.Layout
                : throw new JsonException("layout"),
            Cart = new Cart(record.CartLoadMax, record.CartOrdersMax),
            NowUnixSeconds = record.NowUnixSeconds,
            Pace = record.Pace ?? new FloorPace(),
            Orders = [.. record.Orders.Select(o => new PlanningOrder(new OrderKey(o.Id, o.Part),
                [.. o.Picks.Select(p => new Pick(new Location(p[0], p[1], (Side)p[2]), p[3], p[4], p[5]))], o.ShipBy))],
        };
    }
}

internal sealed record ProblemOrder(long Id, int Part, long? ShipBy, IReadOnlyList<int[]> Picks);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ProblemRecord))]
internal sealed partial class ProblemRecordJson : JsonSerializerContext;
