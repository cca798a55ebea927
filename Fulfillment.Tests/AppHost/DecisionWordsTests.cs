using Fulfillment.AppHost.Replicas;
using Fulfillment.Autoscaling.Decisions;
using Xunit;

namespace Fulfillment.Tests.AppHost;

public sealed class DecisionWordsTests
{
    private static readonly ScaleDecision Example = new(
        DateTimeOffset.UnixEpoch, ScaleLoop.HorizontalPodAutoscaler,
        [new("orders-outstanding", 120, 240.5, null), new("announced-holiday", 1, null, "no such time zone")],
        Current: 1, Ready: 1, Desired: 3, Stabilized: 3, Result: 3, DecisionReason.WithinRange);

    [Fact]
    public void A_decision_is_a_sentence() => Assert.Equal(
        "From 1 to 3 replicas: the work asks for it.", DecisionWords.Decided(Example));

    [Fact]
    public void One_that_changes_nothing_says_so() => Assert.Equal(
        "Stays at 1 replica: there is no work.",
        DecisionWords.Decided(Example with { Result = 1, Reason = DecisionReason.Inactive }));

    [Fact]
    public void What_was_read_is_told_and_what_was_not() => Assert.Equal(
        "240.5 orders outstanding, 120 a replica; announced holiday: not read, no such time zone",
        DecisionWords.Reading(Example));

    [Fact]
    public void Every_reason_has_words_of_its_own()
    {
        var words = Enum.GetValues<DecisionReason>().Select(DecisionWords.Because).ToList();

        Assert.Distinct(words);
        Assert.All(words, Assert.NotEmpty);
    }
}
