using System.Diagnostics;
using Fulfillment.Surge.Hosting;
using Fulfillment.Tests.Architecture;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Xunit;

namespace Fulfillment.Tests.Surge.Hosting;

public sealed class AspireDashboardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fulfillment-dashboard-").FullName;

    [Fact]
    public async Task It_shows_what_a_service_sends_and_is_gone_afterwards()
    {
        var program = AspireDashboard.Find(RepositoryRoot.Path, Environment.GetEnvironmentVariable);
        Assert.SkipWhen(
            program is null,
            "no Aspire dashboard here: npm install --prefix artifacts/tools @microsoft/aspire-cli-linux-x64");

        Uri address;
        using var client = new HttpClient();
        await using (var dashboard = await AspireDashboard.StartAsync(program, Log, TimeProvider.System, Cancellation))
        {
            address = new Uri(dashboard.Address, "api/telemetry/resources");
            SendOneSpan("a-service-of-this-test", dashboard.OtlpEndpoint);
            await Eventually.HoldsAsync(async () => (await client.GetStringAsync(address))
                .Contains("a-service-of-this-test", StringComparison.Ordinal));
        }

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(address));
    }

    [Fact]
    public async Task A_program_that_is_no_dashboard_is_named_with_its_own_words()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a shell script stands in for the program");
        var program = Path.Combine(_folder, "aspire");
        await File.WriteAllTextAsync(program, "#!/bin/sh\necho no dashboard in me\n", Cancellation);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var failed = await Assert.ThrowsAsync<HostingException>(() => AspireDashboard.StartAsync(
            program, Log, TimeProvider.System, Cancellation));

        Assert.Contains("no dashboard in me", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_one_that_was_named_goes_before_the_path_and_the_path_before_the_tools()
    {
        var named = Put("named", "aspire-managed");
        var onPath = Put("path", "aspire");
        var tool = Put(
            Path.Combine("artifacts", "tools", "node_modules", "@microsoft", "aspire-cli-linux-x64", "bin"), "aspire");
        var (nowhere, path) = (Path.Combine(_folder, "nowhere"), Path.GetDirectoryName(onPath)!);

        Assert.Equal(named, Find(dashboardPath: named, path: path));
        Assert.Equal(onPath, Find(dashboardPath: null, path: path));
        Assert.Equal(tool, Find(dashboardPath: null, path: nowhere));
        Assert.Null(Find(dashboardPath: nowhere, path: path));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Log => Path.Combine(_folder, "dashboard.log");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string? Find(string? dashboardPath, string path) => AspireDashboard.Find(
        _folder, name => name == "ASPIRE_DASHBOARD_PATH" ? dashboardPath : name == "PATH" ? path : null);

    private string Put(string folder, string program)
    {
        var path = Path.Combine(_folder, folder, OperatingSystem.IsWindows() ? program + ".exe" : program);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
        return path;
    }

    private static void SendOneSpan(string service, Uri endpoint)
    {
        using var source = new ActivitySource(service);
        using var provider = Sdk.CreateTracerProviderBuilder()
            .AddSource(service)
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService(service))
            .AddOtlpExporter(exporter => exporter.Endpoint = endpoint)
            .Build();
        source.StartActivity("a step")?.Dispose();
        Assert.True(provider.ForceFlush());
    }
}
