using Fulfillment.Surge.Chaos;
using Fulfillment.Surge.Chaos.Faults;
using Xunit;

namespace Fulfillment.Tests.Surge.Chaos;

public sealed class StormTests
{
    private static readonly string[] Kinds = [.. Rules.Kinds.Select(kind => kind.Name)];

    private static readonly ChaosSettings Settings = new()
    {
        Seed = 1,
        Length = TimeSpan.FromMinutes(1),
        Faults = 10,
    };

    [Fact]
    public void The_same_seed_gives_the_same_script_and_another_seed_another()
    {
        var one = Script.Draw(7, Kinds).Take(200).ToList();

        Assert.Equal(one, Script.Draw(7, Kinds).Take(200));
        Assert.NotEqual(one, Script.Draw(8, Kinds).Take(200));
    }

    [Fact]
    public void A_storm_that_goes_on_has_the_faults_that_one_without_a_break_would_have_had()
    {
        var whole = Script.Draw(3, Kinds).Take(90).ToList();

        Assert.Equal(whole.Skip(41), Script.Draw(3, Kinds).Skip(41).Take(49));
    }

    [Fact]
    public void Every_kind_comes_once_before_any_comes_again()
    {
        foreach (var round in Script.Draw(5, Kinds).Take(4 * Kinds.Length).Chunk(Kinds.Length))
            Assert.Equal(Kinds.Order(), round.Select(fault => fault.Kind).Order());
    }

    [Fact]
    public void Each_kind_has_a_name_of_its_own_and_a_limit_that_follows_from_its_setting()
    {
        Assert.Equal(Kinds.Length, Kinds.Distinct().Count());
        Assert.All(Rules.Kinds, kind => Assert.True(kind.Bound(Settings) >= ChaosSettings.RecoveryMax));
        var killed = Rules.Kinds.Single(kind => kind.Name == "kill-picking");
        Assert.Equal(ChaosSettings.RecoveryMax + Settings.ClaimAfter, killed.Bound(Settings));
        Assert.Equal(
            ChaosSettings.ColdStartMax, Rules.Kinds.Single(kind => kind.Name == "cold-start").Bound(Settings));
    }

    [Fact]
    public void A_kind_is_summed_over_its_rows_and_one_that_never_recovered_is_counted()
    {
        var rows = new[] { Row("a", 3, 1), Row("a", 1, 0), Row("a", null, 2), Row("a", 16, 0), Row("b", 2, 0) };

        var sums = ChaosReport.Sum(rows, name => name == "a" ? "Claim" : null);

        var a = sums[0];
        Assert.Equal(("a", 4, 3, 16, "Claim"),
            (a.Kind, a.Count, a.RecoverySecondsMedian, a.RecoverySecondsMax, a.RuledBy));
        Assert.Equal((3, 2), (a.BadAnswers, a.NotRecovered));
        Assert.Equal(8, a.Statuses["201"]);
        Assert.Null(sums[1].RuledBy);
    }

    [Fact]
    public void What_is_over_a_limit_or_unexplained_breaks_a_storm_and_a_good_one_holds()
    {
        Assert.False(ChaosTable.Broken(Good()));
        Assert.True(ChaosTable.Broken(Good() with { Lost = 1 }));
        Assert.True(ChaosTable.Broken(Good() with { Doubled = 1 }));
        Assert.True(ChaosTable.Broken(Good() with { UnexplainedExits = 1 }));
        Assert.True(ChaosTable.Broken(Good() with { Invariants = new InvariantCounts(19, 1, ["x"]) }));
        Assert.True(ChaosTable.Broken(Good() with { ByKind = ChaosReport.Sum([Row("a", 3, 1)], _ => null) }));
        Assert.True(ChaosTable.Broken(Good() with { LogBytesMax = ChaosSettings.LogBytesPerMinuteMax + 1 }));
        Assert.True(ChaosTable.Broken(Good() with { MemoryBytesMax = ChaosSettings.MemoryBytesMax + 1 }));
        Assert.False(ChaosTable.Broken(Good() with { LogBytesMax = ChaosSettings.LogBytesPerMinuteMax }));
    }

    [Fact]
    public void A_report_is_read_back_as_it_was_written()
    {
        var report = Good() with { ByKind = ChaosReport.Sum([Row("a", 3, 0)], _ => "Claim") };

        Assert.Equal(report.ToJson(), ChaosReport.Parse(report.ToJson()).ToJson());
    }

    private static FaultRow Row(string kind, double? recovery, int bad) => new()
    {
        No = 1,
        Kind = kind,
        On = "",
        FaultSeconds = 1,
        RecoverySeconds = recovery,
        BoundSeconds = 15,
        OutageSeconds = null,
        Statuses = new Dictionary<string, int> { ["201"] = 2 },
        BadAnswers = bad,
        AnswerSecondsMax = 0.1,
        UnreadyReadings = 0,
    };

    private static ChaosReport Good() => new()
    {
        Seed = 1,
        Faults = 1,
        ByKind = [],
        Skipped = new Dictionary<string, string>(),
        Lost = 0,
        Doubled = 0,
        UnexplainedExits = 0,
        LogBytesMax = 1,
        MemoryBytesMax = 1,
        Invariants = new InvariantCounts(19, 0, []),
        Orders = 10,
        Traffic = new Dictionary<string, long>(),
        Complaints = [],
        Settings = new Dictionary<string, string>(),
        Rows = [],
    };
}
