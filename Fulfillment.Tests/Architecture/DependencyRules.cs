using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Fulfillment.Tests.Architecture;

/// <summary>Who may depend on whom; DESIGN: data flows one way, and the services are strangers to each other.</summary>
internal static partial class DependencyRules
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Fulfillment.Contracts"] = [],
        ["Fulfillment.Planning"] = [],
        ["Fulfillment.ServiceDefaults"] = [],
        ["Fulfillment.Autoscaling"] = [],
        ["Fulfillment.Hosting"] = [],
        ["Fulfillment.Orders"] = ["Fulfillment.Contracts", "Fulfillment.ServiceDefaults"],
        ["Fulfillment.Picking"] = ["Fulfillment.Contracts", "Fulfillment.ServiceDefaults", "Fulfillment.Planning"],
        ["Fulfillment.Surge"] =
            ["Fulfillment.Contracts", "Fulfillment.Autoscaling", "Fulfillment.Hosting", "Fulfillment.Planning"],
        ["Fulfillment.Bench"] =
            ["Fulfillment.Contracts", "Fulfillment.Hosting", "Fulfillment.Planning", "Fulfillment.Surge"],
    };

    // These two reference nothing but the base library.
    private static readonly string[] Pure = ["Fulfillment.Contracts", "Fulfillment.Planning"];

    /// <summary>Every reference of a project that the rules do not allow, in words; empty when it keeps them.</summary>
    internal static IReadOnlyList<string> Violations(string project, XDocument projectFile)
    {
        var violations = new List<string>();
        if (!Allowed.TryGetValue(project, out var allowed)) return violations;
        foreach (var reference in projectFile.Descendants("ProjectReference"))
        {
            // Built beside it, not linked into it: Surge starts the services as processes.
            if ((string?)reference.Attribute("ReferenceOutputAssembly") == "false") continue;
            var include = (string?)reference.Attribute("Include");
            var target = Path.GetFileNameWithoutExtension(include?.Replace('\\', '/'));
            if (!allowed.Contains(target)) violations.Add($"{project} may not know {target}");
        }

        if (Pure.Contains(project))
        {
            violations.AddRange(projectFile.Descendants("PackageReference")
                .Select(package => $"{project} may not use the package {(string?)package.Attribute("Include")}"));
        }

        return violations;
    }

    /// <summary>Words of the business in a source that starts processes, and need not know what they do.</summary>
    internal static IReadOnlyList<string> BusinessWords(string source) =>
        [.. BusinessWord().Matches(source).Select(match => match.Value)];

    // As types and names are written; "in order" and a semaphore's Release() are nobody's business.
    [GeneratedRegex("Orders|Releases|Tour|Picker|Picking|Warehouse|Sku")]
    private static partial Regex BusinessWord();

    /// <summary>Tables of the other service that a source names; empty when it keeps to its own.</summary>
    internal static IReadOnlyList<string> ForeignTables(string source, IEnumerable<string> foreignTables) =>
        [.. foreignTables.Where(table => Regex.IsMatch(
            source, $@"\b(FROM|JOIN|INTO|UPDATE)\s+{table}\b"))];
}
