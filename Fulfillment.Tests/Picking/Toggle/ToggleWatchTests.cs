using Fulfillment.Hosting;
using Fulfillment.Picking.Toggle;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Picking.Toggle;

public sealed class ToggleWatchTests(TestServers servers)
{
    private static readonly ToggleState On = ToggleState.Off with { Enabled = true };

    [Fact]
    public async Task The_replica_that_takes_the_change_has_it_at_once_and_another_one_with_its_next_poll()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        var (clock, otherClock) = (new FakeTimeProvider(), new FakeTimeProvider());
        using var one = bench.Watch(clock);
        using var other = bench.Watch(otherClock);
        foreach (var watch in (ToggleWatch[])[one, other])
        {
            await watch.BeginAsync(CancellationToken.None);
            await watch.StartAsync(CancellationToken.None);
        }

        var put = await PutToggleTests.PutAsync(bench, one, new ToggleRequest(Enabled: true));
        Assert.IsType<Ok<ToggleView>>(put.Result);
        Assert.Equal((2, true), (one.Current.Version, one.Current.State.Enabled));
        Assert.Equal((1, false), (other.Current.Version, other.Current.State.Enabled));

        // A quarter of the two seconds that a change may take: what is left is for the query and for a poll that failed.
        Assert.True(bench.Settings.TogglePoll <= TimeSpan.FromSeconds(0.5));
        otherClock.Advance(bench.Settings.TogglePoll);
        await Eventually.HoldsAsync(() => Task.FromResult(other.Current.Version == 2));
        Assert.True(other.Current.State.Enabled);
        await one.StopAsync(CancellationToken.None);
        await other.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_poll_that_fails_changes_nothing_and_the_watch_goes_on()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        using var seeding = bench.Watch();
        await seeding.BeginAsync(CancellationToken.None);
        var clock = new FakeTimeProvider();
        await using var database = NpgsqlDataSource.Create(bench.ConnectionString);
        using var watch = bench.Watch(clock, database);
        await PutToggleTests.PutAsync(bench, watch, new ToggleRequest(true, Percentage: 30));
        await watch.StartAsync(CancellationToken.None);

        // The table is gone for a while, and the row cannot be read: two ways to fail.
        await ExecuteAsync(bench, "ALTER TABLE toggles RENAME TO hidden");
        Assert.False(await watch.PollAsync(CancellationToken.None));
        Assert.Equal((2, 30), (watch.Current.Version, watch.Current.State.Percentage));
        await ExecuteAsync(bench, "ALTER TABLE hidden RENAME TO toggles");
        await ExecuteAsync(bench, "UPDATE toggles SET version = 3, state = 'nonsense'");
        clock.Advance(bench.Settings.TogglePoll);
        await Assert.ThrowsAnyAsync<Exception>(() => watch.PollAsync(CancellationToken.None));
        Assert.Equal((2, 30), (watch.Current.Version, watch.Current.State.Percentage));

        await ExecuteAsync(bench, $"UPDATE toggles SET version = 4, state = '{On.ToJson()}'");
        await Eventually.HoldsAsync(() =>
        {
            clock.Advance(bench.Settings.TogglePoll);
            return Task.FromResult(watch.Current.Version == 4);
        });
        Assert.True(watch.Current.State.Enabled);
        await watch.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_database_that_does_not_answer_leaves_the_state_as_it_was()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await using var nowhere = NpgsqlDataSource.Create(
            $"Host=127.0.0.1;Port={Ports.Free()};Database=x;Username=x;Timeout=5");
        using var watch = bench.Watch(database: nowhere);
        watch.Take(new VersionedToggle(7, On));
        Assert.False(await watch.PollAsync(CancellationToken.None));
        Assert.Equal(new VersionedToggle(7, On), watch.Current);
    }

    [Fact]
    public async Task A_state_that_is_read_late_does_not_undo_a_later_one()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        using var watch = bench.Watch();
        watch.Take(new VersionedToggle(3, On));
        watch.Take(new VersionedToggle(2, ToggleState.Off));
        Assert.Equal(new VersionedToggle(3, On), watch.Current);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_configuration_says_how_it_begins_and_nothing_after_that(bool first)
    {
        await using var bench = await PickingBench.CreateAsync(servers, s => s with { OptimizedPicking = first });
        using var one = bench.Watch();
        using var two = bench.Watch();
        Assert.Equal(new VersionedToggle(0, ToggleState.Off), one.Current);
        await Task.WhenAll(one.BeginAsync(CancellationToken.None), two.BeginAsync(CancellationToken.None));
        Assert.Equal((1, first), (one.Current.Version, one.Current.State.Enabled));
        Assert.Equal((1, first), (two.Current.Version, two.Current.State.Enabled));
        Assert.Equal(1, await bench.ScalarAsync<long>("SELECT count(*) FROM toggle_changes"));

        await PutToggleTests.PutAsync(bench, one, new ToggleRequest(!first));
        await two.BeginAsync(CancellationToken.None); // as a replica that starts later, with the same configuration
        Assert.Equal((2, !first), (two.Current.Version, two.Current.State.Enabled));
    }

    private static async Task ExecuteAsync(PickingBench bench, string sql)
    {
        await using var command = bench.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
