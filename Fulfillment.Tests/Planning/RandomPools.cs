using Fulfillment.Planning;

namespace Fulfillment.Tests.Planning;

/// <summary>Look-alikes of the literature's instances, made here: layouts of 1 to 3 blocks, orders, ship-bys.</summary>
internal static class RandomPools
{
    internal static WarehouseLayout Layout(Random random, int blocks, int aislesMax = 6, int baysMax = 8)
    {
        var aisles = random.Next(1, aislesMax + 1);
        var definition = new LayoutDefinition
        {
            Aisles = aisles,
            AislePitchMm = random.Next(1, 8) * 500,
            Blocks = [.. Enumerable.Range(0, blocks).Select(_ => new BlockDefinition
            {
                Bays = random.Next(1, baysMax + 1),
                FrontToFirstBayMm = random.Next(1, 4) * 500,
                BayPitchMm = random.Next(1, 4) * 500,
                LastBayToBackMm = random.Next(1, 4) * 500,
            })],
            DepotAisle = random.Next(aisles),
            DepotToFrontMm = random.Next(3) * 700,
            DepotArcsMm = random.Next(3) == 0 ? Arcs(random, aisles) : null,
        };
        return ((LayoutOutcome.Laid)WarehouseLayout.From(definition)).Layout;
    }

    internal static Location Place(Random random, WarehouseLayout layout) =>
        new(random.Next(layout.Aisles), random.Next(layout.Bays), (Side)random.Next(2));

    internal static PlanningProblem Pool(Random random, WarehouseLayout layout, int orders, bool dated = false) => new()
    {
        Layout = layout,
        Cart = new Cart(random.Next(10, 25), 8),
        Orders = [.. Enumerable.Range(0, orders).Select(i => new PlanningOrder(
            new OrderKey(100 + i),
            [.. Enumerable.Range(0, random.Next(1, 8)).Select(l =>
                new Pick(Place(random, layout), random.Next(1, 5), 1, l))],
            dated && random.Next(3) > 0 ? random.Next(200, 4_000) : null))],
        Pace = new FloorPace { Pickers = random.Next(1, 4) },
    };

    private static long?[] Arcs(Random random, int aisles)
    {
        var arcs = Enumerable.Range(0, aisles).Select(_ => random.Next(3) == 0
            ? (long?)null : random.Next(40) * 250).ToArray();
        arcs[random.Next(aisles)] = random.Next(40) * 250;
        return arcs;
    }
}
