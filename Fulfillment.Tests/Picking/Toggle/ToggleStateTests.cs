using FsCheck.Xunit;
using Fulfillment.Picking.Toggle;
using Xunit;

namespace Fulfillment.Tests.Picking.Toggle;

public sealed class ToggleStateTests
{
    // Written down once: a client that changed its side with a new version would change it in the middle of a trial.
    [Theory]
    [InlineData("acme", 74)]
    [InlineData("brand-01", 5)]
    [InlineData("brand-02", 2)]
    [InlineData("žluťoučký kůň", 28)]
    public void A_client_has_its_place_for_ever(string client, int place) =>
        Assert.Equal(place, ToggleState.PlaceOf(client));

    [Property(MaxTest = 500)]
    public bool A_client_that_is_on_is_on_at_every_higher_percentage(string? name, byte one, byte other)
    {
        var (client, low, high) = (name ?? "", Math.Min(one, other) % 101, Math.Max(one, other) % 101);
        (low, high) = (Math.Min(low, high), Math.Max(low, high));
        return !At(low).IsOnFor(client) || At(high).IsOnFor(client);
    }

    [Property(MaxTest = 200)]
    public bool Nobody_is_on_at_zero_and_everybody_at_a_hundred(string? name) =>
        !At(0).IsOnFor(name ?? "") && At(100).IsOnFor(name ?? "");

    [Property(MaxTest = 200)]
    public bool Off_is_off_for_everybody_whatever_else_is_said(string? name, byte percentage) =>
        !(At(percentage % 101) with { Enabled = false, Clients = new Dictionary<string, bool> { [name ?? ""] = true } })
            .IsOnFor(name ?? "");

    [Property(MaxTest = 200)]
    public bool A_client_that_is_named_is_where_it_is_said_to_be(string? name, byte percentage, bool on) =>
        (At(percentage % 101) with { Clients = new Dictionary<string, bool> { [name ?? ""] = on } })
            .IsOnFor(name ?? "") == on;

    [Property(MaxTest = 200)]
    public bool What_is_stored_is_read_as_it_was(bool enabled, byte percentage, bool shadow, bool on)
    {
        var state = new ToggleState(
            enabled, percentage % 101, new Dictionary<string, bool> { ["acme"] = on, ["Acme"] = !on }, shadow);
        var read = ToggleState.FromJson(state.ToJson());
        return read with { Clients = state.Clients } == state && read.Clients.Count == 2 && read.Clients["acme"] == on;
    }

    // Counted over fixed names, so the same each time: no name of a series lies by its neighbour's.
    [Theory]
    [InlineData(10)]
    [InlineData(50)]
    [InlineData(90)]
    public void A_percentage_is_about_that_share_of_many_clients(int percentage)
    {
        var on = Enumerable.Range(0, 2_000).Count(i => At(percentage).IsOnFor($"brand-{i:000}"));
        Assert.InRange(on / 20.0, percentage - 3, percentage + 3);
    }

    private static ToggleState At(int percentage) => ToggleState.Off with { Enabled = true, Percentage = percentage };
}
