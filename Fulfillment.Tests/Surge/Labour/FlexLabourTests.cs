using Fulfillment.Surge.Labour;
using Xunit;

namespace Fulfillment.Tests.Surge.Labour;

public sealed class FlexLabourTests
{
    private static readonly LabourPolicy Flex = LabourPolicy.Flex(10);

    [Fact]
    public void Nobody_is_called_while_the_work_in_hand_is_short()
    {
        var labour = new FlexLabour(Flex);
        labour.Look(0, workSeconds: 10 * 1_800);
        Assert.Equal(0, labour.Called);
        Assert.Equal(10, labour.PresentAt(100_000));
    }

    [Fact]
    public void Those_called_come_45_minutes_later_and_only_as_many_as_are_needed()
    {
        var labour = new FlexLabour(Flex);
        labour.Look(600, workSeconds: 14.5 * 1_800);
        Assert.Equal(5, labour.Called);
        Assert.Equal(10, labour.PresentAt(600 + 2_699));
        Assert.Equal(15, labour.PresentAt(600 + 2_700));
    }

    [Fact]
    public void There_are_never_more_than_three_times_the_regular_ones()
    {
        var labour = new FlexLabour(Flex);
        for (var look = 0; look < 20; look++) labour.Look(look * 300, workSeconds: 1e9);
        Assert.Equal(30, labour.PresentAt(1e9));
    }

    [Fact]
    public void Without_the_policy_nobody_is_called_whatever_waits()
    {
        var labour = new FlexLabour(new LabourPolicy(10));
        labour.Look(0, 1e9);
        Assert.Equal(0, labour.Called);
    }

    [Fact]
    public void One_who_came_is_paid_four_hours_though_the_work_ends_sooner()
    {
        var labour = new FlexLabour(Flex);
        labour.Look(0, workSeconds: 11 * 1_800 - 1);
        Assert.Equal((10 * 3_600) + 14_400, labour.PaidSeconds(end: 3_600));
        Assert.Equal((10 * 36_000) + (36_000 - 2_700), labour.PaidSeconds(end: 36_000));
    }

    [Fact]
    public void What_is_left_is_walked_in_the_order_of_its_ship_by_by_whoever_is_free_first()
    {
        var (first, second, third) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        OpenTour[] open = [new(third, 100, 900), new(first, 600, 100), new(second, 300, 200)];

        var (done, end) = FloorProjection.Walk(open, from: 1_000, comings: [0, 1_200]);

        Assert.Equal(1_600, done[first]);   // the one who is there takes what is due first
        Assert.Equal(1_500, done[second]);  // the one who comes later takes the next
        Assert.Equal(1_600, done[third]);   // and is free again before the first
        Assert.Equal(1_600, end);
    }

    [Fact]
    public void With_nothing_left_the_work_ends_now() => Assert.Equal(50, FloorProjection.Walk([], 50, [0]).End);
}
