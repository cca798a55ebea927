using System.Diagnostics;
using Fulfillment.Tests.Architecture;
using Xunit;

namespace Fulfillment.Tests.AppHost;

public sealed class NoAspireTests
{
    [Fact]
    public async Task An_app_host_built_without_aspire_says_in_one_line_what_to_do_and_fails()
    {
        // artifacts/bin/{project}/{configuration}: the stub was built beside this test.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var stub = Path.Combine(
            RepositoryRoot.Path, "artifacts", "bin", "Fulfillment.AppHost", configuration, "Fulfillment.AppHost.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [stub])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var complained = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, process.ExitCode);
        Assert.Empty(said);
        var line = Assert.Single(complained.TrimEnd().Split('\n'));
        Assert.Contains("UseAspire=true", line, StringComparison.Ordinal);
        Assert.Contains("start.sh", line, StringComparison.Ordinal);
    }
}
