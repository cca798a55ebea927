using FsCheck.Xunit;
using Fulfillment.Orders.States;
using Xunit;

namespace Fulfillment.Tests.Orders.States;

public class StateTables
{
    [Theory]
    [InlineData("Waiting", "Dispatch", "Dispatched")]
    [InlineData("Waiting", "Cancel", "Cancelled")]
    [InlineData("Dispatched", "Plan", "Planned")]
    [InlineData("Dispatched", "Cancel", "Cancelled")]
    [InlineData("Dispatched", "Fail", "Failed")]
    [InlineData("Failed", "Cancel", "Cancelled")]
    [InlineData("Planned", "Pick", "Picking")]
    [InlineData("Planned", "Finish", "Picked")]
    [InlineData("Picking", "Pick", "Picking")]
    [InlineData("Picking", "Finish", "Picked")]
    public void What_may_follow_what(string from, string trigger, string to)
    {
        Assert.True(ReleaseStates.TryMove(ReleaseStates.Parse(from), Enum.Parse<ReleaseTrigger>(trigger), out var next));
        Assert.Equal(to, ReleaseStates.Name(next));
    }

    [Fact]
    public void Nothing_else_may_follow()
    {
        var legal = Enum.GetValues<ReleaseState>()
            .SelectMany(_ => Enum.GetValues<ReleaseTrigger>(), (state, trigger) => (state, trigger))
            .Count(move => ReleaseStates.TryMove(move.state, move.trigger, out _));
        Assert.Equal(10, legal);
    }

    [Property]
    public void However_it_is_pushed_a_release_never_goes_back_and_never_leaves_its_end(byte[] pushes)
    {
        var state = ReleaseState.Waiting;
        foreach (var push in pushes)
        {
            var moved = ReleaseStates.TryMove(state, (ReleaseTrigger)(push % 6), out var next);
            // But for a parked one, whose stock a cancel gives back.
            var givenBack = (state, next) == (ReleaseState.Failed, ReleaseState.Cancelled);
            Assert.True(next >= state || givenBack);
            if (ReleaseStates.IsTerminal(state)) Assert.Equal(givenBack, moved);
            if (!moved) Assert.Equal(state, next);
            state = next;
        }
    }

    [Fact]
    public void Names_are_read_back()
    {
        Assert.All(Enum.GetValues<ReleaseState>(), state =>
            Assert.Equal(state, ReleaseStates.Parse(ReleaseStates.Name(state))));
        Assert.All(Enum.GetValues<OrderStatus>(), status => Assert.Equal($"{status}", OrderStates.Name(status)));
    }

    [Property]
    public void An_order_with_work_under_way_is_not_at_its_end(byte[] states, bool backordered)
    {
        var releases = states.Select(state => (ReleaseState)(state % 7)).ToArray();
        var status = OrderStates.Derive(releases, backordered, shipped: false, cancelled: false);
        if (releases.Any(state => !ReleaseStates.IsTerminal(state)) || backordered)
            Assert.DoesNotContain(status, new[] { OrderStatus.Picked, OrderStatus.Failed, OrderStatus.Cancelled });
    }
}
