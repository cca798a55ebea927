using Fulfillment.ServiceDefaults;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Fulfillment.Tests.ServiceDefaults;

public sealed class SteadyClockTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_step_of_the_machines_clock_moves_nothing_and_time_goes_on(int days)
    {
        var time = new FakeTimeProvider();
        var machine = new SteppedClock(time);
        var steady = new SteadyClock(machine);
        var began = steady.GetUtcNow();
        machine.Step = TimeSpan.FromDays(days);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(began + TimeSpan.FromSeconds(5), steady.GetUtcNow());
        Assert.Equal(machine.GetUtcNow(), new SteadyClock(machine).GetUtcNow());
    }
}
