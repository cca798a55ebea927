using System.Runtime.InteropServices;
using Fulfillment.Hosting;

namespace Fulfillment.Bench;

/// <summary>
/// Builds what a benchmark measures, in the form that is deployed; the peers are no part of the solution.
/// </summary>
internal static class Programs
{
    /// <summary>A service of the product, compiled ahead of time as it is deployed.</summary>
    internal static async Task<string> PublishAsync(string project, CancellationToken cancellation)
    {
        var output = Path.Combine(Root, "artifacts", "aot", project);
        await DotnetAsync(
            ["publish", Path.Combine(Root, project), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier,
                "-o", output], cancellation);
        return Path.Combine(output, project);
    }

    /// <summary>
    /// The same compiled just in time on the shared framework: what one would deploy otherwise.
    /// <paramref name="readyToRun"/>: compiled ahead too, with the compiler kept for what is hot.
    /// </summary>
    internal static async Task<string> PublishJitAsync(
        string project, bool readyToRun, CancellationToken cancellation)
    {
        var form = readyToRun ? "r2r" : "jit";
        var output = Path.Combine(Root, "artifacts", form, project);
        // Folders of its own: the switches of PublishAot stand in what was built for it. Without it the endpoints are
        // wired by reflection, which the analyzers of IsAotCompatible refuse.
        await DotnetAsync(
            ["publish", Path.Combine(Root, project), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier,
                "--no-self-contained", "-p:PublishAot=false", "-p:IsAotCompatible=false",
                $"-p:PublishReadyToRun={readyToRun}", $"-p:ArtifactsPivots=release_{form}", "-o", output],
            cancellation);
        return Path.Combine(output, project);
    }

    /// <summary>A program under benchmarks/, as its authors would run it: Release, just-in-time compiled.</summary>
    internal static async Task<string> BuildPeerAsync(string peer, CancellationToken cancellation)
    {
        await DotnetAsync(["build", Path.Combine(Root, "benchmarks", peer), "-c", "Release"], cancellation);
        return Path.Combine(Root, "artifacts", "bin", peer, "release", $"{peer}.Peer");
    }

    private static string Root => File.Exists(Path.Combine(BuildOutput.Root, "Fulfillment.sln"))
        ? BuildOutput.Root
        : throw new HostingException("Benchmarks run from a checkout", "build and run them there");

    private static async Task DotnetAsync(IEnumerable<string> arguments, CancellationToken cancellation) =>
        await Nursery.RunAsync(
            Nursery.Bound(Dotnet, [.. arguments, "-nodeReuse:false", "-v", "quiet"]), "", cancellation);

    private static string Dotnet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
}
