using System.Collections.Concurrent;
using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fulfillment.Tests.Orders.Progress;

/// <summary>An event log over HTTP, as Picking serves it; a test writes it.</summary>
internal sealed class FakePicking : IAsyncDisposable
{
    internal const string Key = "service.0123456789abcdef0123456789abcdef";

    private readonly Lock _gate = new();
    private readonly List<FeedEvent> _log = [];
    private readonly ConcurrentDictionary<ReleaseKey, int> _versions = [];
    private WebApplication? _app;

    internal string Url => _app!.Urls.Single();

    /// <summary>Events told so far.</summary>
    internal int Count
    {
        get { lock (_gate) return _log.Count; }
    }

    /// <summary>What every page says is held back.</summary>
    internal HeldBack? HeldBack { get; set; }

    /// <summary>The answer instead of a page: its status and body.</summary>
    internal (int Status, string Body)? Instead { get; set; }

    /// <summary>Answers given so far, refusals included.</summary>
    internal int Answers { get; private set; }

    internal async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapGet("/events", ServeAsync);
        await _app.StartAsync();
    }

    /// <summary>Adds the next event of the release to the log, and returns it.</summary>
    internal FeedEvent Add(
        ReleaseKey release, string kind, int? signalNo = null, string? reason = null, int? version = null,
        params PickedLine[] lines)
    {
        lock (_gate)
        {
            var happened = new FeedEvent
            {
                // Several events of one transaction share its id, as in Picking.
                Xid = 700 + ((ulong)_log.Count / 3),
                Id = _log.Count + 1,
                Kind = kind,
                ClientId = release.ClientId,
                OrderId = release.OrderId,
                ReleaseNo = release.ReleaseNo,
                Version = version ?? _versions.AddOrUpdate(release, 1, (_, last) => last + 1),
                At = DateTimeOffset.UnixEpoch.AddYears(56).AddSeconds(_log.Count),
                SignalNo = signalNo,
                Reason = reason,
                Lines = lines.Length > 0 ? lines : null,
            };
            _log.Add(happened);
            return happened;
        }
    }

    /// <summary>Adds an event whose body Picking could not read.</summary>
    internal FeedEvent AddBroken(ReleaseKey release, string fault)
    {
        lock (_gate)
        {
            var broken = Add(release, EventKinds.Picking) with { Fault = fault };
            return _log[^1] = broken;
        }
    }

    internal IReadOnlyList<FeedEvent> After(FeedCursor cursor, int max)
    {
        lock (_gate) return [.. _log.Where(happened => new FeedCursor(happened.Xid, happened.Id) > cursor).Take(max)];
    }

    internal void Repair(FeedEvent wrong, FeedEvent right)
    {
        lock (_gate) _log[_log.IndexOf(wrong)] = right;
    }

    private async Task ServeAsync(HttpContext context)
    {
        Answers++;
        if (context.Request.Headers["X-Api-Key"] != Key
            || !FeedCursor.TryParse(context.Request.Query["after"], out var after)
            || !int.TryParse(context.Request.Query["max"], out var max))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        if (Instead is var (status, body))
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsync(body);
            return;
        }

        var page = new FeedPage(After(after, max)) { HeldBack = HeldBack };
        await context.Response.WriteAsync(JsonSerializer.Serialize(page, ContractsJson.Default.FeedPage));
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
    }
}
