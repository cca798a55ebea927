using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Infra;

/// <summary>The Bicep compiler and what it makes of infra/bicep. Needs no network and no Azure.</summary>
internal static class Bicep
{
    internal static string Root { get; } = FindRoot();
    internal static string Folder { get; } = Path.Combine(Root, "infra", "bicep");

    /// <summary>Why there is no compiler here, or null when there is one.</summary>
    internal static string? Missing { get; } = CompilerPath() is { } path && File.Exists(path)
        ? null
        : "the Bicep compiler is a package for Linux x64 only";

    /// <summary>Exit code, output and diagnostics of one run of the compiler.</summary>
    internal static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        var start = new ProcessStartInfo(CompilerPath()!, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                // Stand-ins: snapshots show the parameters' names and never their values.
                ["SERVICE_KEY"] = new string('s', 43),
                ["OPERATOR_KEY"] = new string('o', 43),
                ["FLOOR_KEY"] = new string('f', 43),
            },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>A copy of infra/bicep that a test may break.</summary>
    internal static string Copy()
    {
        var copy = Directory.CreateTempSubdirectory("bicep-").FullName;
        foreach (var file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    /// <summary>Expands dev or prod in <paramref name="folder"/>, as a deployment to a made-up subscription
    /// would.</summary>
    internal static Task<(int ExitCode, string Output, string Error)> SnapshotAsync(string folder, string size,
        string mode) =>
        RunAsync(
            "snapshot", Path.Combine(folder, $"{size}.bicepparam"), "--mode", mode, "--location", "westeurope",
            "--subscription-id", "00000000-0000-0000-0000-000000000001",
            "--tenant-id", "00000000-0000-0000-0000-000000000002");

    /// <summary>The committed expansion; <c>SnapshotTests</c> shows that it is what the sources give.</summary>
    internal static Expansion Committed(string size) =>
        new(JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, $"{size}.snapshot.json")))!.AsObject(), size);

    private static string? CompilerPath() => typeof(Bicep).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(metadata => metadata.Key == "BicepPath")?.Value;

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Fulfillment.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}

/// <summary>What a deployment would create, as the compiler expands it.</summary>
internal sealed record Expansion(JsonObject Json, string Size)
{
    internal IEnumerable<JsonObject> Resources => Json["predictedResources"]!.AsArray().Select(one => one!.AsObject());

    internal JsonObject Outputs => Json["outputs"]!.AsObject();

    internal IEnumerable<JsonObject> OfType(string type) => Resources.Where(one => (string?)one["type"] == type);

    internal JsonObject App(string name) =>
        OfType("Microsoft.App/containerApps").Single(one => (string?)one["name"] == name);

    internal IEnumerable<JsonObject> Containers => OfType("Microsoft.App/containerApps")
        .SelectMany(app => app["properties"]!["template"]!["containers"]!.AsArray()).Select(one => one!.AsObject());

    /// <summary>A copy that a test may spoil.</summary>
    internal Expansion Spoilt(Action<Expansion> spoil)
    {
        var copy = new Expansion(Json.DeepClone().AsObject(), Size);
        spoil(copy);
        return copy;
    }
}
