namespace Fulfillment.Surge.Hosting;

/// <summary>
/// The Aspire dashboard without an AppHost: one process that takes everybody's telemetry and shows it. Whoever has no
/// Aspire packages can have it still; it comes with the <c>aspire</c> command line.
/// </summary>
internal sealed class AspireDashboard : IAsyncDisposable
{
    private const long LogBytesMax = 1024 * 1024;
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    private readonly Child _process;

    private AspireDashboard(Child process, Uri address, Uri otlpEndpoint) =>
        (_process, Address, OtlpEndpoint) = (process, address, otlpEndpoint);

    /// <summary>The page. For scripts: <c>GET api/telemetry/{resources,traces,logs}</c>.</summary>
    internal Uri Address { get; }

    /// <summary>
    /// For a service's <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> (gRPC), beside an <c>OTEL_SERVICE_NAME</c> of its own.
    /// </summary>
    internal Uri OtlpEndpoint { get; }

    /// <summary>
    /// The program: <c>ASPIRE_DASHBOARD_PATH</c> (an <c>aspire</c>, or the <c>aspire-managed</c> that it unpacks),
    /// else <c>aspire</c> on the path, else what the start script put under <c>artifacts/tools</c>; or null.
    /// </summary>
    /// <param name="root">The folder of the solution.</param>
    /// <param name="environment">Reads an environment variable.</param>
    internal static string? Find(string root, Func<string, string?> environment)
    {
        if (environment("ASPIRE_DASHBOARD_PATH") is { Length: > 0 } told) return File.Exists(told) ? told : null;

        var program = OperatingSystem.IsWindows() ? "aspire.exe" : "aspire";
        var folders = (environment("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Concat(ToolFolders(root))
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }

    /// <summary>Starts it on free loopback ports and returns when it answers. It dies with this process.</summary>
    /// <param name="program">As <see cref="Find"/> gave it.</param>
    /// <param name="logPath">Its own words go here.</param>
    /// <param name="clock">For deadlines.</param>
    /// <param name="cancellation">Gives up; nothing is left running.</param>
    /// <exception cref="HostingException">It ended at its start, or does not answer.</exception>
    internal static async Task<AspireDashboard> StartAsync(
        string program, string logPath, TimeProvider clock, CancellationToken cancellation)
    {
        var addresses = Ports.Free(3).Select(port => $"http://127.0.0.1:{port}").ToArray();
        var child = new Child(
            "dashboard", addresses[0],
            () =>
            {
                var (first, arguments) = Listening(program, Arguments(program, addresses));
                var start = Nursery.Bound(first, arguments, user: null, onOurDeath: Signal.Interrupt);
                start.Environment["ASPIRE_CLI_TELEMETRY_OPTOUT"] = "1";
                start.Environment["NO_COLOR"] = "1";
                return start;
            },
            new CappedLog(logPath, LogBytesMax), Signal.Interrupt, clock);
        var dashboard = new AspireDashboard(child, new(addresses[0]), new(addresses[1]));
        try
        {
            await child.StartAsync();
            using var probe = new HttpClient { BaseAddress = dashboard.Address };
            await Readiness.WaitAsync(child, token => AnswersAsync(probe, token), clock, cancellation);
            return dashboard;
        }
        catch
        {
            await dashboard.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Asked first: the command line ends the dashboard that it started, a kill would leave it behind.
        await _process.StopAsync(StopGrace);
        await _process.DisposeAsync();
    }

    // What was started in the background by a script ignores SIGINT, and so would the dashboard that it starts, which
    // SIGINT is to end (GNU env, --default-signal).
    private static (string Program, string[] Arguments) Listening(string program, string[] arguments) =>
        OperatingSystem.IsLinux()
            ? ("/usr/bin/env", ["--default-signal=INT", program, .. arguments])
            : (program, arguments);

    private static string[] Arguments(string program, string[] addresses) =>
        Path.GetFileNameWithoutExtension(program) is "aspire-managed"
            ?
            [
                "dashboard", $"--ASPNETCORE_URLS={addresses[0]}",
                $"--ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL={addresses[1]}",
                $"--ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL={addresses[2]}",
                "--ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS=true", "--ASPIRE_DASHBOARD_API_ENABLED=true",
            ]
            :
            [
                "dashboard", "run", "--allow-anonymous", "--frontend-url", addresses[0],
                "--otlp-grpc-url", addresses[1], "--otlp-http-url", addresses[2], "--non-interactive", "--nologo",
            ];

    // npm installs one package a platform: @microsoft/aspire-cli-linux-x64 and its siblings.
    private static IEnumerable<string> ToolFolders(string root)
    {
        var packages = Path.Combine(root, "artifacts", "tools", "node_modules", "@microsoft");
        return Directory.Exists(packages)
            ? Directory.GetDirectories(packages, "aspire-cli-*").Order(StringComparer.Ordinal)
                .Select(package => Path.Combine(package, "bin"))
            : [];
    }

    private static async Task<bool> AnswersAsync(HttpClient probe, CancellationToken cancellation)
    {
        try
        {
            using var answer = await probe.GetAsync(new Uri("api/telemetry/resources", UriKind.Relative), cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
