using System.Net;
using Fulfillment.Surge.Wire;

namespace Fulfillment.Surge.Floor;

/// <summary>
/// Pickers who take tours, walk, and confirm over HTTP as handheld scanners would. A picker who is refused (his lease
/// ran out, a replica stopped) asks for his next tour again; the floor API says which that is.
/// </summary>
internal sealed class SimulatedFloor(ServiceApi picking, string floorKey, PickingTimes times, TimeProvider clock)
{
    private volatile PickingTimes _times = times;

    internal const int ScansPerCallMax = 45;

    /// <summary>
    /// Lines of one confirmation: fewer than the service takes where a whole cart would outlast the lease, which each
    /// confirmation renews.
    /// </summary>
    internal int ScansPerCall { get; init; } = ScansPerCallMax;

    /// <summary>What they do that they should not; null: they are perfect.</summary>
    internal Carelessness? Careless { get; init; }

    private static readonly TimeSpan IdleDelay = TimeSpan.FromMilliseconds(250);

    private long _tours;
    private long _lines;
    private long _refused;

    internal long Tours => Volatile.Read(ref _tours);
    internal long Lines => Volatile.Read(ref _lines);

    /// <summary>Calls that the floor API refused, or that found no server.</summary>
    internal long Refused => Volatile.Read(ref _refused);

    /// <summary>What was refused last, for the summary.</summary>
    internal string? LastRefusal { get; private set; }

    /// <summary>Works until cancelled.</summary>
    internal Task RunAsync(int pickers, CancellationToken cancellation) => RunAsync(1, pickers, cancellation);

    /// <summary>More pickers, numbered from <paramref name="first"/>: a number is a person.</summary>
    internal Task RunAsync(int first, int pickers, CancellationToken cancellation) =>
        Task.WhenAll(Enumerable.Range(first, pickers).Select(number => WorkAsync($"picker-{number:D3}", cancellation)));

    /// <summary>From the next stop on they take these times: the measured time is over.</summary>
    internal void Hurry(PickingTimes times) => _times = times;

    private async Task WorkAsync(string picker, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                if (!await TryTourAsync(picker, cancellation)) await Task.Delay(IdleDelay, clock, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The shift is over.
        }
    }

    private async Task<bool> TryTourAsync(string picker, CancellationToken cancellation)
    {
        try
        {
            using var answer = await picking.SendOrThrowAsync(
                HttpMethod.Post, "/floor/tours/next", floorKey, new NextTour(picker), cancellation);
            if (answer.StatusCode == HttpStatusCode.NoContent) return false;
            await WalkAsync(picker, await ServiceApi.ReadAsync<Tour>(answer, cancellation), cancellation);
            return true;
        }
        catch (Exception refused) when (
            refused is HttpRequestException or ServiceRefusedException
            || (refused is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            Interlocked.Increment(ref _refused);
            LastRefusal = refused.Message;
            return false;
        }
    }

    private async Task WalkAsync(string picker, Tour tour, CancellationToken cancellation)
    {
        await Task.Delay(_times.ToSetUp, clock, cancellation);
        foreach (var tasks in tour.Tasks.Chunk(ScansPerCall))
        {
            await Task.Delay(_times.For(tasks.Length, tour.Tasks.Count, tour.DistanceMm ?? 0), clock, cancellation);
            var scans = tasks.Select(task => new Scan(
                $"{tour.TourId:N}-{task.TaskNo}", task.TaskNo, task.Location, task.Sku, task.Tote, task.Quantity, 0));
            if (Careless?.WalksOff() == true) return; // the lease finds it out
            var confirm = new Confirm(picker, tour.Fence, [.. scans]);
            for (var times = Careless?.Confirms() ?? 1; times > 0; times--)
                await picking.PostAsync($"/floor/tours/{tour.TourId}/confirm", floorKey, confirm, cancellation);
            Interlocked.Add(ref _lines, tasks.Length);
        }

        await picking.PostAsync(
            $"/floor/tours/{tour.TourId}/done", floorKey, new TourDone(picker, tour.Fence), cancellation);
        Interlocked.Increment(ref _tours);
    }
}
