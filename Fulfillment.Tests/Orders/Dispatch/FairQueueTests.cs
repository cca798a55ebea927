using FsCheck.Xunit;
using Fulfillment.Orders.Dispatch;
using Xunit;

namespace Fulfillment.Tests.Orders.Dispatch;

public sealed class FairQueueTests
{
    [Fact]
    public void Tags_follow_the_paper_by_hand()
    {
        var queue = new FairQueue(0, []);
        Assert.Equal(0, queue.Serve("a", lines: 2, weight: 1)); // F(a) = 2
        Assert.Equal(0, queue.Serve("b", lines: 4, weight: 2)); // F(b) = 2
        Assert.Equal(2 * FairQueue.LineCost, queue.Serve("a", lines: 1, weight: 1)); // F(a) = 3
        Assert.Equal(2 * FairQueue.LineCost, queue.Serve("b", lines: 1, weight: 2)); // F(b) = 2.5
        Assert.Equal(2 * FairQueue.LineCost, queue.VirtualTime);
        Assert.Equal(2 * FairQueue.LineCost, queue.StartTag("newcomer")); // not 0: nobody saves up while away
        Assert.Equal((5 * FairQueue.LineCost) / 2, queue.StartTag("b"));
    }

    [Fact]
    public void Equal_tags_go_by_client_id_whatever_order_they_are_given_in()
    {
        WaitingClient[] clients = [Client("b", 1, 1, 1), Client("a", 1, 1, 1), Client("c", 1, 1, 1)];
        var queue = new FairQueue(0, []);
        var order = queue.Order(clients, 6).ConvertAll(release => release.Key.ClientId);
        Assert.Equal(["a", "b", "c", "a", "b", "c"], order);
        Array.Reverse(clients);
        Assert.Equal(order, queue.Order(clients, 6).ConvertAll(release => release.Key.ClientId));
    }

    [Fact]
    public void The_order_ends_where_a_client_has_more_waiting_than_is_known()
    {
        var queue = new FairQueue(0, []);
        var truncated = Client("a", 1, 1) with { MoreWait = true };
        Assert.Equal(["a", "b"], queue.Order([truncated, Client("b", 1, 1, 1, 1)], 10).ConvertAll(r => r.Key.ClientId));
        Assert.Equal(4, queue.Order([Client("a", 1, 1), Client("b", 1, 1, 1, 1)], 10).Count);
    }

    [Fact]
    public void Looking_at_the_order_serves_nobody()
    {
        var queue = new FairQueue(7, [new("a", 9)]);
        Assert.Equal(2, queue.Order([Client("a", 1, 3, 3)], 10).Count);
        Assert.Equal((7, 9), (queue.VirtualTime, queue.FinishTag("a")));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(-1, 1)]
    public void A_release_without_lines_or_a_client_without_weight_is_a_bug(int lines, int weight) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FairQueue(0, []).Serve("a", lines, weight));

    // Theorem 1 of the paper, by brute force over every span of the run: clients come and go, and while two both have
    // work waiting, the difference of their lines per weight stays within the sum of their largest releases per weight.
    [Property(MaxTest = 300)]
    public bool Two_clients_with_work_waiting_are_served_alike(
        (byte What, byte Lines)[] script, byte weight0, byte weight1, byte weight2)
    {
        int[] weights = [1 + weight0 % 9, 1 + weight1 % 9, 1 + weight2 % 9];
        var run = Run.Of(script, weights);
        for (var f = 0; f < weights.Length; f++)
            for (var g = f + 1; g < weights.Length; g++)
                if (!run.IsFairBetween(f, g, weights)) return false;
        return true;
    }

    [Property(MaxTest = 300)]
    public bool Virtual_time_never_decreases_and_no_waiting_client_is_passed(
        (byte What, byte Lines)[] script, byte weight0, byte weight1, byte weight2)
    {
        var run = Run.Of(script, [1 + weight0 % 9, 1 + weight1 % 9, 1 + weight2 % 9]);
        return run.Tags.Zip(run.Tags.Skip(1)).All(pair => pair.First <= pair.Second);
    }

    [Fact]
    public void The_check_of_fairness_sees_first_come_first_served_fail()
    {
        // Ten of the viral brand before the other's two, in the order in which they came.
        var services = Enumerable.Repeat((Client: 0, Lines: 1, Waiting: new[] { true, true }), 10)
            .Concat(Enumerable.Repeat((Client: 1, Lines: 1, Waiting: new[] { true, true }), 2)).ToList();
        Assert.False(new Run(services, []).IsFairBetween(0, 1, [1, 1]));
    }

    private static WaitingClient Client(string id, int weight, params int[] lines) => new(
        id, weight,
        [.. lines.Select((count, n) => new WaitingRelease(new ReleaseKey(id, Guid.Empty, n + 1), count, weight))],
        MoreWait: false);

    private sealed record Run(List<(int Client, int Lines, bool[] Waiting)> Services, List<long> Tags)
    {
        // What: 0 to 2 is an arrival for that client, the rest serve whoever is next.
        internal static Run Of((byte What, byte Lines)[] script, int[] weights)
        {
            var queue = new FairQueue(0, []);
            var waiting = weights.Select(_ => new Queue<int>()).ToArray();
            var run = new Run([], []);
            foreach (var (what, lines) in script)
            {
                if (what % 6 < 3) waiting[what % 6].Enqueue(1 + (lines % 40));
                else run.ServeOne(queue, waiting, weights);
            }

            while (waiting.Any(of => of.Count > 0)) run.ServeOne(queue, waiting, weights);
            return run;
        }

        private void ServeOne(FairQueue queue, Queue<int>[] waiting, int[] weights)
        {
            var heads = waiting.Select((of, n) => Client($"{n}", weights[n], [.. of])).Where(c => c.Releases.Count > 0);
            if (queue.Order([.. heads], 1) is not [var next]) return;
            var client = int.Parse(next.Key.ClientId, System.Globalization.CultureInfo.InvariantCulture);
            Services.Add((client, next.Lines, [.. waiting.Select(of => of.Count > 0)]));
            Tags.Add(queue.Serve(next.Key.ClientId, next.Lines, next.Weight));
            waiting[client].Dequeue();
        }

        internal bool IsFairBetween(int f, int g, int[] weights)
        {
            double Largest(int client) =>
                Services.Where(s => s.Client == client).Select(s => s.Lines).DefaultIfEmpty(0).Max()
                / (double)weights[client];
            var bound = Largest(f) + Largest(g) + 0.001; // a release's cost is rounded up by less than 2^-20
            for (var from = 0; from < Services.Count; from++)
            {
                var (servedF, servedG) = (0.0, 0.0);
                for (var at = from; at < Services.Count && Services[at].Waiting[f] && Services[at].Waiting[g]; at++)
                {
                    if (Services[at].Client == f) servedF += Services[at].Lines / (double)weights[f];
                    if (Services[at].Client == g) servedG += Services[at].Lines / (double)weights[g];
                    if (Math.Abs(servedF - servedG) > bound) return false;
                }
            }

            return true;
        }
    }
}
