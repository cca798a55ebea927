using System.Diagnostics;

namespace Fulfillment.AppHost.Stores;

/// <summary>
/// A Postgres cluster in a folder. The server refuses to be root, so for root everything runs as the user
/// <c>postgres</c> that its package made.
/// </summary>
internal sealed class PostgresCluster(string bin, string folder)
{
    private const int ConnectionsMax = 200;

    private static readonly bool IsRoot = OperatingSystem.IsLinux() && Environment.UserName == "root";

    /// <summary>The server on loopback, without its port.</summary>
    internal (string Command, string[] Arguments) ServerCommand() => AsOwner("postgres",
        "-D", folder, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
        "-c", $"max_connections={ConnectionsMax}");

    /// <summary>Makes the cluster and its databases, once; a restart of the server finds them.</summary>
    /// <exception cref="InvalidOperationException">A program of Postgres failed, with its words.</exception>
    internal async Task CreateAsync(string[] databases, string password, CancellationToken cancellation)
    {
        if (File.Exists(Path.Combine(folder, "PG_VERSION"))) return;

        Directory.CreateDirectory(folder);
        var passwordFile = folder + ".password";
        await File.WriteAllTextAsync(passwordFile, password, cancellation);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(passwordFile, UnixFileMode.UserRead);
        if (IsRoot)
        {
            await RunAsync(("chown", ["postgres:postgres", Path.GetDirectoryName(folder)!, folder, passwordFile]),
                input: "", cancellation);
        }

        await RunAsync(
            AsOwner("initdb", "-D", folder, "-U", "postgres", "-A", "scram-sha-256", $"--pwfile={passwordFile}",
                "-E", "UTF8", "--locale=C"),
            input: "", cancellation);
        File.Delete(passwordFile);

        // Before the server is up nobody can race for them: a service that finds the server finds its database.
        await RunAsync(
            AsOwner("postgres", "--single", "-D", folder, "postgres"),
            input: string.Concat(databases.Select(name => $"CREATE DATABASE {name};\n")), cancellation);
    }

    private (string Command, string[] Arguments) AsOwner(string program, params string[] arguments)
    {
        var path = Path.Combine(bin, program);
        return IsRoot
            ? ("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            : (path, arguments);
    }

    private async Task RunAsync(
        (string Command, string[] Arguments) program, string input, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(program.Command, program.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(folder)!, // its owner may not be able to enter ours
        })!;
        await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
        process.StandardInput.Close();
        var words = await Task.WhenAll(
            process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{program.Command} {string.Join(' ', program.Arguments)} failed: {words[1]}{words[0]}");
        }
    }
}
