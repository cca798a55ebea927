using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Fulfillment.Surge.Wire;
using Fulfillment.Tests.AppHost;
using Microsoft.Playwright;
using Xunit;

namespace Fulfillment.Tests.Browser;

/// <summary>The dashboard as a person uses it: its buttons are pressed in a browser, and pictures are kept.</summary>
public sealed class DashboardTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task A_person_places_one_order_sees_its_trace_and_turns_the_plan()
    {
        Assert.SkipUnless(Browser.IsHere, Browser.Missing);
        using var deadline = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            deadline.Token, TestContext.Current.CancellationToken);
        await using var app = await TestedDesk.StartAsync([], either.Token, withDashboard: true);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("orders", either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("picking", either.Token);
        await using var browser = await Browser.StartAsync();
        var page = await browser.OpenAsync(await app.GetDashboardUrlAsync(either.Token));

        await PlaceOneOrderAsync(page);
        await TurnThePlanAsync(page, app, either.Token);
    }

    // The result is a dialog with a link, and behind it is the order's one trace.
    private static async Task PlaceOneOrderAsync(IPage page)
    {
        await page.GetByTitle("One order of the brand acme").ClickAsync();
        await Assertions.Expect(page.GetByText("Planned").First).ToBeVisibleAsync();
        await page.PictureAsync("one-order");
        var trace = await page.GetByRole(AriaRole.Link, new() { Name = "Its trace" }).GetAttributeAsync("href");
        await page.GotoAsync(trace!);
        // The services send in batches: the page fills as they come.
        await Assertions.Expect(page.GetByText("POST /orders").First).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("tour.commit").First).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("order confirmed").First).ToBeVisibleAsync();
        await page.PictureAsync("one-trace");
        await page.GotoAsync("/");
    }

    private static async Task TurnThePlanAsync(
        IPage page, DistributedApplication app, CancellationToken cancellation)
    {
        await page.GetByTitle("Turn optimized picking off").ClickAsync();
        await Assertions.Expect(page.GetByTitle("Turn optimized picking on")).ToBeVisibleAsync();

        using var picking = new ServiceApi([app.GetEndpoint("picking-1", "http").ToString()]);
        var toggle = await picking.GetAsync<PutToggle>(
            "/toggles/optimized-picking", await app.OperatorKeyAsync(cancellation), cancellation);
        Assert.False(toggle.Enabled);
        await page.PictureAsync("plan-turned-off");
    }
}
