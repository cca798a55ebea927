using System.Security.Cryptography;
using System.Text;
using Fulfillment.Planning;

namespace Fulfillment.Picking.Tours;

/// <summary>A plan as 32 bytes: two plans that differ anywhere, down to a turn, have different ones.</summary>
internal static class PlanDigest
{
    /// <summary>
    /// SHA-256 over every field in order, numbers as 8 bytes little endian, lists after their length.
    /// </summary>
    internal static byte[] Of(Plan plan)
    {
        using var bytes = new MemoryStream();
        using var write = new BinaryWriter(bytes, Encoding.UTF8);
        write.Write(plan.Algorithm);
        write.Write(plan.Seed);
        write.Write(plan.UnitsSpent);
        write.Write(plan.Distance.Value);
        write.Write((long)plan.LateOrders);
        write.Write(plan.LowerBound.Value);
        write.Write((long)plan.Tours.Count);
        foreach (var tour in plan.Tours) Write(write, tour);
        write.Flush();
        return SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private static void Write(BinaryWriter write, Tour tour)
    {
        write.Write(tour.Distance.Value);
        write.Write(tour.Load);
        Write(write, [.. tour.Orders.SelectMany(o => (long[])[o.Id, o.Part])]);
        Write(write, [.. tour.Turns.SelectMany(t => (long[])[t.BeforeStop, t.Aisle, t.CrossAisle])]);
        write.Write((long)tour.Stops.Count);
        foreach (var (location, picks) in tour.Stops)
        {
            Write(write, [location.Aisle, location.Bay, (long)location.Side]);
            Write(write, [.. picks.SelectMany(p => (long[])[p.Order.Id, p.Order.Part, p.Line, p.Quantity, p.Load])]);
        }
    }

    private static void Write(BinaryWriter write, ReadOnlySpan<long> numbers)
    {
        write.Write((long)numbers.Length);
        foreach (var number in numbers) write.Write(number);
    }
}
