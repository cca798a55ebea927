using Fulfillment.Contracts;
using Fulfillment.Picking;
using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Toggle;

namespace Fulfillment.Tests.Picking;

/// <summary>
/// A bench whose pools are worth a plan: SKUs all over the floor for two clients, carts of 12 lines, pools of 12
/// releases, and a budget that is small enough for a test and large enough for several rounds of search.
/// </summary>
internal sealed class WalkedBench : IAsyncDisposable
{
    internal const int LinesOfARelease = 3;
    private const int Skus = 40;

    private int _published;

    private WalkedBench(PickingBench picking) => Picking = picking;

    internal PickingBench Picking { get; }

    internal static async Task<WalkedBench> CreateAsync(
        TestServers servers, Func<PickingSettings, PickingSettings>? change = null)
    {
        PickingSettings Small(PickingSettings settings) => settings with
        {
            CartLines = 12,
            PoolOrdersMax = 12,
            Effort = new EffortSettings
            {
                FullUnits = 2_000_000,
                QuickUnits = 300_000,
                PlanMax = TimeSpan.FromMinutes(1),
                // Ages that no slow machine reaches by itself: 2 h is Quick, 20 h is Constructive.
                QuickFrom = TimeSpan.FromHours(1),
                FullBelow = TimeSpan.FromMinutes(30),
                ConstructiveFrom = TimeSpan.FromHours(10),
                QuickBelow = TimeSpan.FromHours(5),
            },
        };
        var bench = await PickingBench.CreateAsync(servers, s => change?.Invoke(Small(s)) ?? Small(s));
        foreach (var client in (string[])["acme", "zeta"])
        {
            for (var i = 0; i < Skus; i++)
                await bench.SlotAsync($"S{i}", 1 + i * 7 % 10, 1 + i * 29 % 45, i % 2 == 0 ? "L" : "R", client: client);
        }

        return new WalkedBench(bench);
    }

    /// <summary>Releases of three lines each, other SKUs each time, accepted so long ago.</summary>
    internal async Task<IReadOnlyList<ReleaseMessage>> PublishAsync(int count, string client, int ageHours = 0)
    {
        var releases = new List<ReleaseMessage>();
        for (var i = 0; i < count; i++, _published++)
        {
            var release = Picking.Release(
                [.. Enumerable.Range(0, LinesOfARelease).Select(line => $"S{(_published * 11 + line * 13) % Skus}")]);
            releases.Add(release with { ClientId = client, AcceptedAt = release.AcceptedAt.AddHours(-ageHours) });
            await Picking.PublishAsync(releases[^1]);
        }

        return releases;
    }

    internal Task DrainAsync(ToggleState toggle, Faults? faults = null) =>
        Picking.DrainAsync(Picking.Worker(faults, toggle).Worker);

    public ValueTask DisposeAsync() => Picking.DisposeAsync();
}
