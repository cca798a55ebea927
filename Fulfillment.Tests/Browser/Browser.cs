using Fulfillment.Tests.Architecture;
using Microsoft.Playwright;

namespace Fulfillment.Tests.Browser;

/// <summary>Debian's chromium without a window, driven by Playwright.</summary>
internal sealed class Browser : IAsyncDisposable
{
    internal const string Missing = "no chromium here: apt-get install chromium";

    private const string Program = "/usr/bin/chromium";
    private static readonly string Pictures = Path.Combine(RepositoryRoot.Path, "artifacts", "browser");

    // A page that a busy machine fills may take a while.
    private const float PatienceMs = 60_000;

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    internal static bool IsHere => File.Exists(Program);

    internal static async Task<Browser> StartAsync()
    {
        var playwright = await Playwright.CreateAsync();
        return new(playwright, await playwright.Chromium.LaunchAsync(
            new() { ExecutablePath = Program, Args = ["--no-sandbox"] }));
    }

    /// <summary>A page of a size that a picture of it can be read in a document.</summary>
    internal async Task<IPage> OpenAsync(Uri address)
    {
        var page = await _browser.NewPageAsync(new()
        {
            ViewportSize = new() { Width = 1280, Height = 800 },
            BaseURL = address.GetLeftPart(UriPartial.Authority),
            ColorScheme = ColorScheme.Light,
        });
        page.SetDefaultTimeout(PatienceMs);
        Assertions.SetDefaultExpectTimeout(PatienceMs);
        await page.GotoAsync(address.ToString());
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    /// <summary>The folder that pictures are kept in.</summary>
    internal static string PictureOf(string name) => Path.Combine(Pictures, $"{name}.png");
}

internal static class PageExtensions
{
    /// <summary>Keeps a picture of what is to be seen: artifacts/browser/NAME.png.</summary>
    internal static Task PictureAsync(this IPage page, string name) =>
        page.ScreenshotAsync(new() { Path = Browser.PictureOf(name), Animations = ScreenshotAnimations.Disabled });
}
