using Fulfillment.Hosting;

namespace Fulfillment.Bench.Intake;

/// <summary>
/// A service under benchmarks/ that does the same work over HTTP. Where its makers show more than one form, each runs,
/// and the better one of each case is shown.
/// </summary>
internal sealed record PeerServices(string Option, string Name, string Project, IReadOnlyList<string> Forms)
{
    internal static readonly IReadOnlyList<PeerServices> All =
    [
        new("ef", Field.Ef, "EfCore", ["update", "tracked"]),
        new("wolverine", Field.Wolverine, "Wolverine", ["outbox"]),
    ];

    internal async Task<Contender> EnterAsync(
        TestBed bed, Shop shop, IReadOnlyList<int> connections, TimeProvider clock, CancellationToken cancellation)
    {
        var program = await Programs.BuildPeerAsync(Project, cancellation);
        var database = Option;
        await shop.CopyToAsync(database, cancellation);
        var forms = new List<Child>();
        foreach (var form in Forms)
        {
            var settings = new Dictionary<string, string>
            {
                ["ConnectionStrings__ordersdb"] = bed.Database(database).ConnectionString,
                ["ConnectionStrings__redis"] = bed.Redis,
                ["Form"] = form,
            };
            for (var client = 0; client < shop.Keys.Count; client++)
                settings[$"Keys__{Shop.Client(client)}"] = shop.Keys[client];
            var child = await bed.StartServiceAsync(form, program, settings, cancellation);
            child.Pause();
            forms.Add(child);
        }

        return new HttpContender(Name, database, shop.Keys, connections, forms, clock);
    }
}
