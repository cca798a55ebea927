using FsCheck.Xunit;
using Fulfillment.Contracts;
using Fulfillment.Picking;
using Fulfillment.Picking.Intake;
using Fulfillment.Planning;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Fulfillment.Tests.Picking.Intake;

public sealed class EffortLadderTests
{
    private static readonly EffortSettings Settings = new();

    [Theory]
    [InlineData(0, 1_999, 0)]
    [InlineData(0, 2_000, 1)]
    [InlineData(0, 10_000, 2)] // a backlog that is suddenly old does not go step by step
    [InlineData(1, 9_999, 1)]
    [InlineData(1, 10_000, 2)]
    [InlineData(1, 1_000, 1)]
    [InlineData(1, 999, 0)]
    [InlineData(2, 5_000, 2)]
    [InlineData(2, 4_999, 1)]
    [InlineData(2, 999, 0)]
    public void A_rung_is_left_at_its_age(int from, int ageMs, int to) =>
        Assert.Equal((Rung)to, EffortLadder.Next((Rung)from, TimeSpan.FromMilliseconds(ageMs), Settings));

    [Property(MaxTest = 500)]
    public bool A_backlog_that_stays_within_a_band_changes_the_rung_once_at_most(ushort[] agesMs, byte start)
    {
        // Between 1 and 2 s, and between 5 and 10 s: the two bands, hovered about in any order.
        foreach (var (low, high) in ((int, int)[])[(1_000, 2_000), (5_000, 10_000)])
        {
            var rungs = Climb((Rung)(start % 3), agesMs.Select(a => low + a % (high - low)));
            if (Changes(rungs) > 1) return false;
        }

        return true;
    }

    [Property(MaxTest = 500)]
    public bool A_rung_is_left_downwards_and_upwards_at_ages_a_whole_band_apart(ushort[] agesMs)
    {
        var ages = agesMs.Select(a => a % 15_000).ToArray();
        var rungs = Climb(Rung.Full, ages);
        return Enumerable.Range(0, ages.Length).All(i => (rungs[i], rungs[i + 1]) switch
        {
            (Rung.Full, Rung.Quick) => ages[i] >= 2_000,
            (Rung.Full or Rung.Quick, Rung.Constructive) => ages[i] >= 10_000,
            (Rung.Constructive, Rung.Quick) => ages[i] < 5_000,
            (Rung.Quick or Rung.Constructive, Rung.Full) => ages[i] < 1_000,
            _ => true,
        });
    }

    [Property(MaxTest = 500)]
    public bool The_same_age_again_does_not_move_it(ushort ageMs, byte from)
    {
        var age = TimeSpan.FromMilliseconds(ageMs);
        var rung = EffortLadder.Next((Rung)(from % 3), age, Settings);
        return EffortLadder.Next(rung, age, Settings) == rung;
    }

    [Property(MaxTest = 500)]
    public bool An_older_backlog_never_gets_a_longer_search(ushort one, ushort other, byte from)
    {
        var (young, old) = (Math.Min(one, other), Math.Max(one, other));
        return EffortLadder.Next((Rung)(from % 3), TimeSpan.FromMilliseconds(young), Settings)
            <= EffortLadder.Next((Rung)(from % 3), TimeSpan.FromMilliseconds(old), Settings);
    }

    [Fact]
    public void The_age_is_that_of_half_a_full_pool_and_one_old_backorder_is_not_a_backlog()
    {
        var now = TimeProvider.System.GetUtcNow();
        Assert.Equal(TimeSpan.FromSeconds(3), EffortLadder.AgeOf(Pool(now, 7 * 86_400, 3, 1, 4, 2), isFull: true, now));
        Assert.Equal(TimeSpan.FromSeconds(40), EffortLadder.AgeOf(Pool(now, 50, 40, 40, 1), isFull: true, now));
        Assert.Equal(TimeSpan.Zero, EffortLadder.AgeOf(Pool(now, 50, 40, 40, 1), isFull: false, now));
        Assert.Equal(TimeSpan.Zero, EffortLadder.AgeOf(Pool(now, -5, -6), isFull: true, now));
        Assert.Equal(TimeSpan.Zero, EffortLadder.AgeOf([], isFull: true, now));
    }

    [Theory]
    [InlineData(0, 1, 200_000)]
    [InlineData(0, 100, 20_000_000)]
    [InlineData(0, 1_000, 20_000_000)]
    [InlineData(1, 1, 200_000)]
    [InlineData(1, 100, 2_000_000)]
    [InlineData(2, 100, 1)]
    public void A_rung_has_its_budget_and_a_small_pool_less(int rung, int releases, long units) =>
        Assert.Equal(new Budget(units), EffortLadder.BudgetOf((Rung)rung, releases, Settings));

    [Theory]
    [InlineData("Effort:FullUnits", "0")]
    [InlineData("Effort:FullUnits", "1000000001")]
    [InlineData("Effort:QuickUnits", "20000001")]
    [InlineData("Effort:UnitsPerRelease", "-1")]
    [InlineData("Effort:FullBelowMilliseconds", "2001")]
    [InlineData("Effort:QuickBelowMilliseconds", "10001")]
    [InlineData("Effort:QuickBelowMilliseconds", "999")]
    [InlineData("Effort:ConstructiveFromMilliseconds", "soon")]
    [InlineData("Effort:PlanMillisecondsMax", "6001")] // a fifth of the claim time is 6 s
    [InlineData("Toggle:PollMilliseconds", "1001")]
    [InlineData("Verify:OneIn", "0")]
    [InlineData("Floor:Pickers", "0")]
    [InlineData("OptimizedPicking", "perhaps")]
    public void A_setting_out_of_its_range_is_named(string name, string value) =>
        Assert.Equal(name, Assert.Throws<WrongSettingException>(() => Read((name, value))).Setting);

    [Fact]
    public void The_clock_guard_follows_a_short_claim_time() =>
        Assert.Equal(TimeSpan.FromMilliseconds(50), Read(
            ("Claim:AfterMilliseconds", "250"), ("Pool:WaitMilliseconds", "50")).Effort.PlanMax);

    private static PickingSettings Read(params (string Name, string Value)[] settings) => PickingSettings.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Name, s => (string?)s.Value)).Build());

    private static List<Rung> Climb(Rung start, IEnumerable<int> agesMs)
    {
        var rungs = new List<Rung> { start };
        foreach (var age in agesMs) rungs.Add(EffortLadder.Next(rungs[^1], TimeSpan.FromMilliseconds(age), Settings));
        return rungs;
    }

    private static int Changes(List<Rung> rungs) => rungs.Skip(1).Zip(rungs).Count(pair => pair.First != pair.Second);

    private static List<PooledRelease> Pool(DateTimeOffset now, params int[] agesSeconds) =>
        [.. agesSeconds.Select(age => new PooledRelease(
            new ReleaseMessage
            {
                WarehouseId = "w", ClientId = "c", OrderId = Guid.NewGuid(), ReleaseNo = 1,
                AcceptedAt = now.AddSeconds(-age), ShipBy = now.AddHours(1), Lines = [],
            }, null, []))];
}
