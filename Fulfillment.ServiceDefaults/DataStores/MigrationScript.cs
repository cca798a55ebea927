using System.Reflection;
using System.Text.RegularExpressions;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>
/// A SQL script embedded in a service, named by the UTC minute in which it was begun: <c>YYYYMMDDHHMM-name.sql</c>, so
/// that two that are written side by side do not collide. It runs in a transaction, unless its first line is
/// <c>-- no transaction</c>: then it is one statement, which can be repeated (<c>CREATE INDEX CONCURRENTLY IF NOT
/// EXISTS</c>).
/// </summary>
internal sealed partial record MigrationScript(string Name, string Sql)
{
    internal bool InTransaction { get; } =
        !Sql.StartsWith("-- no transaction", StringComparison.Ordinal);

    /// <summary>The index that it builds beside the traffic; a build that failed leaves it invalid.</summary>
    internal string? ConcurrentIndex { get; } =
        BuiltIndex().Match(Sql) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>Those of a service, in the order in which they run.</summary>
    internal static List<MigrationScript> In(Assembly assembly)
    {
        var scripts = new List<MigrationScript>();
        foreach (var name in assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            if (!name.EndsWith(".sql", StringComparison.Ordinal)) continue;
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            scripts.Add(new MigrationScript(name, reader.ReadToEnd()));
        }

        return scripts;
    }

    [GeneratedRegex(
        @"^\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)", RegexOptions.Multiline)]
    private static partial Regex BuiltIndex();
}

/// <summary>A migration that cannot be done; its message is one line.</summary>
public sealed class MigrationException(string message, Exception? inner = null) : Exception(message, inner);
