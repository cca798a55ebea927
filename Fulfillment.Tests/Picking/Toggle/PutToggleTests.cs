using System.Security.Claims;
using Fulfillment.Picking.Toggle;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Picking.Toggle;

public sealed class PutToggleTests(TestServers servers)
{
    [Fact]
    public async Task A_change_is_written_down_with_who_when_from_what_to_what_and_why()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        using var watch = bench.Watch();
        await watch.BeginAsync(CancellationToken.None);
        await PutAsync(bench, watch, new(true, 25, new() { ["acme"] = false }, true, "trial with four brands"), "op-a");
        await PutAsync(bench, watch, new(false), "op-b");

        var shown = (await ShowToggle.HandleAsync(bench.Database, bench.Settings, watch, CancellationToken.None)).Value!;
        Assert.Equal((false, 100, false, 3, 3),
            (shown.Enabled, shown.Percentage, shown.Shadow, shown.Version, shown.VersionInEffect));
        Assert.Equal([3, 2, 1], shown.Changes.Select(c => c.Version));
        Assert.Equal(["op-b", "op-a", ToggleWatch.ByConfiguration], shown.Changes.Select(c => c.ChangedBy));
        Assert.Equal([null, "trial with four brands", null], shown.Changes.Select(c => c.Reason));
        var (last, trial, seeded) = (shown.Changes[0], shown.Changes[1], shown.Changes[2]);
        Assert.Equal((true, 25, true), (trial.New.Enabled, trial.New.Percentage, trial.New.Shadow));
        Assert.False(trial.New.Clients["acme"]);
        Assert.Equal(trial.New.ToJson(), last.Old!.ToJson());
        Assert.Equal(seeded.New.ToJson(), trial.Old!.ToJson());
        Assert.Null(seeded.Old);
        Assert.True(seeded.ChangedAt <= trial.ChangedAt && trial.ChangedAt <= last.ChangedAt);
    }

    [Theory]
    [InlineData("UPDATE toggle_changes SET changed_by = 'nobody'")]
    [InlineData("DELETE FROM toggle_changes")]
    [InlineData("TRUNCATE toggle_changes")]
    public async Task What_is_written_down_cannot_be_changed_even_by_the_owner_of_the_table(string sql)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        using var watch = bench.Watch();
        await watch.BeginAsync(CancellationToken.None);
        await using var command = bench.Database.CreateCommand(sql);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
        Assert.Equal("toggle_changes is append-only", refused.MessageText);
        Assert.Equal(1, await bench.ScalarAsync<long>(
            $"SELECT count(*) FROM toggle_changes WHERE changed_by = '{ToggleWatch.ByConfiguration}'"));
    }

    [Fact]
    public async Task Changes_made_at_once_follow_one_another_and_each_knows_the_one_before()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        using var watch = bench.Watch();
        await watch.BeginAsync(CancellationToken.None);
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PutAsync(bench, watch, new(true, i))));
        var changes = (await ShowToggle.HandleAsync(bench.Database, bench.Settings, watch, CancellationToken.None))
            .Value!.Changes;
        Assert.Equal(Enumerable.Range(1, 13).Reverse().Select(v => (long)v), changes.Select(c => c.Version));
        for (var i = 0; i + 1 < changes.Count; i++)
            Assert.Equal(changes[i + 1].New.ToJson(), changes[i].Old!.ToJson());
        Assert.Equal(13, watch.Current.Version);
        Assert.Equal(changes[0].New.ToJson(), watch.Current.State.ToJson());
    }

    public static TheoryData<string, string> BadRequests => new()
    {
        { "enabled", "none" }, { "percentage", "-1" }, { "percentage", "101" }, { "clients", "1001" },
        { "clients", "empty" }, { "clients", "control" }, { "clients", "65" }, { "reason", "501" }, { "reason", "control" },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public async Task A_toggle_that_cannot_be_is_refused_by_field_and_nothing_is_stored(string field, string what)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        using var watch = bench.Watch();
        await watch.BeginAsync(CancellationToken.None);
        var put = await PutAsync(bench, watch, BadRequest(field, what));
        var problem = Assert.IsType<JsonHttpResult<Problem>>(put.Result);
        Assert.Equal((422, "bad_toggle"), (problem.StatusCode, problem.Value!.Code));
        Assert.Equal([field], problem.Value.Errors!.Keys);
        Assert.Equal(1, await bench.ScalarAsync<long>("SELECT count(*) FROM toggle_changes"));
        Assert.Equal(1, await bench.ScalarAsync<long>("SELECT version FROM toggles"));
        Assert.Equal(1, watch.Current.Version);
    }

    [Fact]
    public void The_edges_of_what_can_be_are_taken()
    {
        Assert.Empty(PutToggle.FaultsIn(new(true, 0, Named(PutToggle.ClientsMax), false, new('r', 500))));
        Assert.Empty(PutToggle.FaultsIn(new(false, 100, new() { [new('c', 64)] = true }, true, "")));
    }

    internal static Task<Results<Ok<ToggleView>, JsonHttpResult<Problem>>> PutAsync(
        PickingBench bench, ToggleWatch watch, ToggleRequest request, string prefix = "op")
    {
        var caller = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ApiKeyAuthentication.PrefixClaim, prefix)], "test"));
        return PutToggle.HandleAsync(
            request, caller, bench.Database, bench.Settings, watch, TimeProvider.System, CancellationToken.None);
    }

    private static ToggleRequest BadRequest(string field, string what) => (field, what) switch
    {
        ("enabled", _) => new(null),
        ("percentage", _) => new(true, int.Parse(what, System.Globalization.CultureInfo.InvariantCulture)),
        ("clients", "1001") => new(true, Clients: Named(PutToggle.ClientsMax + 1)),
        ("clients", "empty") => new(true, Clients: new() { [""] = true }),
        ("clients", "65") => new(true, Clients: new() { [new('c', 65)] = true }),
        ("clients", _) => new(true, Clients: new() { ["a\u0000"] = true }),
        ("reason", "501") => new(true, Reason: new('r', PutToggle.ReasonLengthMax + 1)),
        _ => new(true, Reason: "because\u0007"),
    };

    private static Dictionary<string, bool> Named(int clients) =>
        Enumerable.Range(0, clients).ToDictionary(i => $"c{i}", i => i % 2 == 0);
}
