using Fulfillment.Hosting;

namespace Fulfillment.Surge.Chaos.Faults;

/// <summary>Services that are killed, told to stop, or frozen.</summary>
internal static class ProcessFaults
{
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(40);

    internal static readonly FaultKind[] All =
    [
        new("kill-orders", (world, strike, token) => KillAsync(world, strike, world.System.Orders, token)),
        new("kill-picking", (world, strike, token) => KillAsync(world, strike, world.System.Picking, token))
        { RuledBy = Rules.Claim },
        new("term-orders", (world, strike, token) => TermAsync(world, strike, world.System.Orders, token)),
        new("term-picking", (world, strike, token) => TermAsync(world, strike, world.System.Picking, token))
        { RuledBy = Rules.Claim },
        new("freeze-orders", (world, strike, token) => FreezeAsync(
            strike, strike.One(world.System.Orders), strike.Seconds(5, 20), token)),
        new("freeze-picking", (world, strike, token) => FreezeAsync(
            strike, strike.One(world.System.Picking),
            world.Settings.ClaimAfter + strike.Seconds(1, 6), token))
        { RuledBy = Rules.Claim },
        new("freeze-active", FreezeActiveAsync),
        new("cold-start", ColdStartAsync) { ColdStart = true },
    ];

    private static async Task KillAsync(
        ChaosWorld world, Strike strike, IEnumerable<Child> among, CancellationToken cancellation)
    {
        var child = strike.One(among);
        strike.On = child.Name;
        strike.Silenced.Add(child.Name);
        world.Watch.Expect(child);
        strike.EndsNow();
        await child.KillAsync(cancellation);
    }

    private static async Task TermAsync(
        ChaosWorld world, Strike strike, IEnumerable<Child> among, CancellationToken cancellation)
    {
        var child = strike.One(among);
        strike.On = child.Name;
        strike.Silenced.Add(child.Name);
        world.Watch.Expect(child);
        strike.EndsNow();
        if (!await child.StopAsync(StopMax).WaitAsync(cancellation))
            world.Watch.Complain($"{child.Name} did not stop within {StopMax.TotalSeconds} s of SIGTERM");
    }

    private static Task FreezeAsync(Strike strike, Child child, TimeSpan length, CancellationToken cancellation)
    {
        strike.Silenced.Add(child.Name);
        return strike.LastAsync(
            child.Name, length, () => Task.FromResult(child.Pause()), () => Task.FromResult(child.Resume()),
            cancellation);
    }

    // The replica that dispatches, most likely with the feed and the sweeps.
    private static async Task FreezeActiveAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        var child = await ActiveAsync(world, cancellation);
        await FreezeAsync(strike, child, strike.Seconds(20, 30), cancellation);
    }

    // After a fault the lead may be vacant for a moment.
    private static async Task<Child> ActiveAsync(ChaosWorld world, CancellationToken cancellation)
    {
        var begun = world.Clock.GetTimestamp();
        while (true)
        {
            var holder = await world.Postgres.ActiveHolderAsync(cancellation) ?? "";
            if (world.System.Orders.FirstOrDefault(
                orders => holder.Contains($"/{orders.Pid}/", StringComparison.Ordinal)) is { } active) return active;
            if (world.Clock.GetElapsedTime(begun) > ChaosSettings.RecoveryMax)
                throw new HostingException("no replica of Orders leads dispatch");
            await Task.Delay(TimeSpan.FromMilliseconds(100), world.Clock, cancellation);
        }
    }

    private static async Task ColdStartAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        strike.On = "everything";
        var children = world.System.Children.Where(child => child.Running).ToList();
        foreach (var child in children)
        {
            world.Watch.Expect(child);
            strike.Silenced.Add(child.Name);
        }

        strike.EndsNow();
        await Task.WhenAll(children.Select(child => child.Name == "postgres"
            ? child.QuitAsync(cancellation)
            : child.KillAsync(cancellation)));
    }
}
