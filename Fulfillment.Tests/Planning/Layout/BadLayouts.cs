using Fulfillment.Planning;
using Xunit;

namespace Fulfillment.Tests.Planning.Layout;

public class BadLayouts
{
    public static TheoryData<LayoutFault, LayoutDefinition> Faulty => new()
    {
        { LayoutFault.AislesOutOfRange, new LayoutDefinition { Aisles = 0 } },
        { LayoutFault.AislesOutOfRange, new LayoutDefinition { Aisles = WarehouseLayout.AislesMax + 1 } },
        { LayoutFault.SidesOutOfRange, new LayoutDefinition { Sides = 3 } },
        { LayoutFault.BlocksOutOfRange, new LayoutDefinition { Blocks = [] } },
        { LayoutFault.BlocksOutOfRange, new LayoutDefinition { Blocks = Blocks(WarehouseLayout.BlocksMax + 1) } },
        { LayoutFault.BaysOutOfRange, new LayoutDefinition { Blocks = [new BlockDefinition { Bays = 0 }] } },
        { LayoutFault.LengthOutOfRange, new LayoutDefinition { AislePitchMm = 0 } },
        { LayoutFault.LengthOutOfRange, new LayoutDefinition { AislePitchMm = long.MaxValue } },
        { LayoutFault.LengthOutOfRange, new LayoutDefinition { Blocks = [new BlockDefinition { BayPitchMm = -1 }] } },
        { LayoutFault.DepotOffTheLayout, new LayoutDefinition { DepotAisle = 10 } },
        { LayoutFault.DepotArcsNotOnePerAisle, new LayoutDefinition { DepotArcsMm = [1L] } },
        { LayoutFault.DepotUnreachable, new LayoutDefinition { DepotArcsMm = new long?[10] } },
    };

    [Theory]
    [MemberData(nameof(Faulty), DisableDiscoveryEnumeration = true)]
    public void A_faulty_definition_is_told_its_fault(LayoutFault fault, LayoutDefinition definition) =>
        Assert.Equal([fault], Assert.IsType<LayoutOutcome.Faulty>(WarehouseLayout.From(definition)).Faults);

    [Fact]
    public void The_default_and_the_largest_number_of_blocks_are_laid()
    {
        Assert.Equal(45, WarehouseLayout.Default.Bays);
        Assert.IsType<LayoutOutcome.Laid>(
            WarehouseLayout.From(new LayoutDefinition { Blocks = Blocks(WarehouseLayout.BlocksMax) }));
    }

    private static BlockDefinition[] Blocks(int count) => [.. Enumerable.Repeat(new BlockDefinition(), count)];
}
