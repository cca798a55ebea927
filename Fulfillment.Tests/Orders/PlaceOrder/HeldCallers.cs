using Fulfillment.Orders.PlaceOrder;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Orders.PlaceOrder;

/// <summary>How long a caller waits for a database that does not answer, and what becomes of his order.</summary>
public class HeldCallers(WriterFixture intake) : IClassFixture<WriterFixture>
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task A_caller_is_held_for_the_stated_time_and_then_told_that_the_storage_is_unavailable()
    {
        var order = WriterFixture.NewOrder("held");
        var outcome = order.OutcomeWithinAsync(IntakeOptions.Default.HeldMax, _clock);
        _clock.Advance(IntakeOptions.Default.HeldMax - TimeSpan.FromTicks(1));
        Assert.False(outcome.IsCompleted);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(PlaceResult.Unavailable, (await outcome).Result);
    }

    [Fact]
    public async Task An_order_whose_caller_was_sent_away_while_it_waited_is_not_written()
    {
        var writer = intake.NewWriter(new Warnings());
        var (given, kept) = (WriterFixture.NewOrder("given-up"), WriterFixture.NewOrder("kept"));
        Assert.True(writer.TryPlace(given));
        Assert.True(writer.TryPlace(kept));
        Assert.Equal(PlaceResult.Unavailable, (await given.OutcomeWithinAsync(TimeSpan.Zero, _clock)).Result);

        await writer.StartAsync(CancellationToken.None);
        Assert.Equal(PlaceResult.Placed, (await kept.Outcome).Result);
        await writer.StopAsync(CancellationToken.None);

        Assert.Equal(0, await intake.CountAsync("SELECT count(*) FROM orders WHERE client_order_id = 'given-up'"));
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1", "refused")]
    [InlineData("Database=nowhere", "missing")]
    public async Task A_group_is_given_up_when_nobody_can_wait_for_it_any_more(string away, string id)
    {
        var parts = new NpgsqlConnectionStringBuilder(intake.ConnectionString + ";" + away);
        await using var database = NpgsqlDataSource.Create(parts);
        var writer = intake.NewWriter(new Warnings(), database, new IntakeOptions(TimeSpan.FromMilliseconds(300)));
        NewOrder[] group = [WriterFixture.NewOrder(id), WriterFixture.NewOrder(id + "-too")];

        await writer.WriteAsync(group, CancellationToken.None);

        foreach (var order in group) Assert.Equal(PlaceResult.Unavailable, (await order.Outcome).Result);
    }
}
