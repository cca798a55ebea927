using System.Text.Json;
using System.Text.Json.Serialization;
using Fulfillment.Planning;
using Fulfillment.ServiceDefaults.DataStores;

namespace Fulfillment.Picking.Warehouse;

/// <summary>
/// The warehouse as a JSON file named by the setting <c>Warehouse:Layout</c>; without it the layout embedded here:
/// 10 aisles of 45 bays on both sides, the depot at the front left.
/// </summary>
internal static class LayoutFile
{
    internal const string Setting = "Warehouse:Layout";

    private const string Embedded = "Fulfillment.Picking.Warehouse.default-layout.json";

    /// <summary>A file larger than this is not a layout.</summary>
    internal const long FileBytesMax = 1_000_000;

    /// <exception cref="WrongSettingException">It is missing, no JSON, or no warehouse one could walk in.</exception>
    internal static WarehouseLayout Read(IConfiguration configuration)
    {
        var path = configuration[Setting];
        var definition = Parse(path);
        return WarehouseLayout.From(definition) switch
        {
            LayoutOutcome.Laid laid => laid.Layout,
            LayoutOutcome.Faulty faulty => throw new WrongSettingException(
                Setting, $"names a file that is no warehouse ({path}): {string.Join(", ", faulty.Faults)}"),
            _ => throw new InvalidOperationException("A layout is laid or faulty."),
        };
    }

    private static LayoutDefinition Parse(string? path)
    {
        try
        {
            using var stream = string.IsNullOrWhiteSpace(path)
                ? typeof(LayoutFile).Assembly.GetManifestResourceStream(Embedded)!
                : File.OpenRead(path);
            if (stream.Length > FileBytesMax)
                throw new WrongSettingException(Setting, $"names a file of more than {FileBytesMax} bytes ({path})");
            return JsonSerializer.Deserialize(stream, LayoutJson.Default.LayoutDefinition)
                ?? throw new WrongSettingException(Setting, $"names a file that holds null ({path})");
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new WrongSettingException(Setting, $"names a file that cannot be read: {OneLine(wrong)}");
        }
        catch (JsonException wrong)
        {
            throw new WrongSettingException(Setting, $"names a file that is no layout ({path}): {OneLine(wrong)}");
        }
    }

    private static string OneLine(Exception wrong) => wrong.Message.ReplaceLineEndings(" ");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(LayoutDefinition))]
internal sealed partial class LayoutJson : JsonSerializerContext;
