using System.Text;
using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Picking.Intake;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Contracts;

/// <summary>
/// What crosses between the services, as the first version wrote it and as one to come may: two versions are at work
/// side by side while one replaces the other. The recorded bytes are never edited.
/// </summary>
public class RecordedMessages
{
    private const string Release = """
        {"warehouseId":"main","clientId":"acme","orderId":"0196a3b0-0000-7000-8000-000000000001","releaseNo":1,
         "acceptedAt":"2026-11-27T12:00:00+00:00","shipBy":"2026-11-28T18:00:00+00:00",
         "lines":[{"lineNo":1,"sku":"a","quantity":2}]}
        """;

    private const string Signal = """
        {"warehouseId":"main","clientId":"acme","orderId":"0196a3b0-0000-7000-8000-000000000001","releaseNo":1,
         "signalNo":1}
        """;

    private const string Page = """
        {"events":[{"xid":745,"id":1,"kind":"Planned","clientId":"acme",
         "orderId":"0196a3b0-0000-7000-8000-000000000001","releaseNo":1,"version":1,"at":"2026-11-27T12:00:01+00:00","tours":["0196a3b0-0000-7000-8000-00000000000a"]}]}
        """;

    [Fact]
    public void A_release_and_a_signal_of_the_first_version_are_read_as_they_were_meant()
    {
        var release = Assert.IsType<Arrival.Release>(Read(MessageKinds.Release, Release));
        Assert.Equal(("acme", 1, new ReleaseLine(1, "a", 2)), (
            release.Message.ClientId, release.Message.ReleaseNo, Assert.Single(release.Message.Lines)));
        foreach (var kind in new[] { MessageKinds.Cancel, MessageKinds.Hold })
            Assert.Equal(1, Assert.IsType<Arrival.Signal>(Read(kind, Signal)).Message.SignalNo);
    }

    [Fact]
    public void What_a_later_version_adds_is_passed_over()
    {
        Assert.IsType<Arrival.Release>(Read(MessageKinds.Release, Release.Replace(
            "\"lines\":[{", "\"giftWrap\":true,\"lines\":[{\"lot\":\"L-1\",", StringComparison.Ordinal)));
        Assert.IsType<Arrival.Signal>(Read(MessageKinds.Cancel, Signal.Replace(
            "\"signalNo\"", "\"by\":\"ann\",\"signalNo\"", StringComparison.Ordinal)));
        var entry = new StreamEntry("1-1", [new("kind", "release"), new("body", Release), new("mac", "abc")]);
        Assert.IsType<Arrival.Release>(Arrival.Read(entry, "main"));
    }

    [Fact]
    public void A_kind_of_a_later_version_is_a_dead_letter_with_its_reason_and_no_exception() => Assert.StartsWith(
        "unknown_kind", Assert.IsType<Arrival.Broken>(Read("reslot", Release)).Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData("\"Planned\"", "\"Planned\"")]
    [InlineData("\"Planned\"", "\"Weighed\"")] // a kind that this version does not know is its reader's to park
    [InlineData("\"xid\"", "\"grams\":12,\"xid\"")]
    [InlineData("{\"events\"", "{\"shard\":3,\"events\"")]
    public void A_page_of_another_version_is_read(string here, string there)
    {
        var page = JsonSerializer.Deserialize(
            Encoding.UTF8.GetBytes(Page.Replace(here, there, StringComparison.Ordinal)),
            ContractsJson.Default.FeedPage)!;
        var happened = Assert.Single(page.Events);
        Assert.Equal((745UL, 1L, 1), (happened.Xid, happened.Id, happened.Version));
        Assert.Equal(there == "\"Weighed\"" ? "Weighed" : EventKinds.Planned, happened.Kind);
        Assert.Single(happened.Tours!);
    }

    private static Arrival Read(string kind, string body) =>
        Arrival.Read(new StreamEntry("1-1", [new("kind", kind), new("body", body)]), "main");
}
