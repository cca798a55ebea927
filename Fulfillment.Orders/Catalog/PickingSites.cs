using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.DataStores;

namespace Fulfillment.Orders.Catalog;

/// <summary>Where the Picking of a warehouse is, and the key that it knows us by.</summary>
internal sealed record PickingSite(string WarehouseId, Uri Url, string Key);

/// <summary>
/// The Picking of each warehouse, by setting and never by request: <c>Picking:{warehouse}:Url</c>, and
/// <c>Picking:{warehouse}:Key</c> where it is not <c>Service:Key</c>. <c>Picking:Url</c> is that of "main". A warehouse
/// that has none takes no orders: what it was sent would be planned by nobody, or reported to nobody.
/// </summary>
internal sealed class PickingSites
{
    internal const string Main = "main";

    /// <summary>The code of what is refused for the want of a site.</summary>
    internal const string MissingCode = "warehouse_without_picking";

    private readonly Dictionary<string, PickingSite> _sites = new(StringComparer.Ordinal);

    /// <summary>Every warehouse that has one.</summary>
    internal IReadOnlyCollection<string> Warehouses => _sites.Keys;

    /// <summary>Null: no setting says where.</summary>
    internal PickingSite? Find(string warehouseId) => _sites.GetValueOrDefault(warehouseId);

    internal static Problem Missing(string warehouseId) => Problems.Create(
        422, MissingCode, "The warehouse has no Picking.", $"No setting says where the Picking of {warehouseId} is.");

    /// <exception cref="WrongSettingException">An address is none, a key is missing, or there is no site.</exception>
    internal static PickingSites From(IConfiguration configuration)
    {
        var sites = new PickingSites();
        sites.Add(configuration, Main, "Picking:Url");
        foreach (var part in configuration.GetSection("Picking").GetChildren())
            sites.Add(configuration, part.Key, $"Picking:{part.Key}:Url");
        return sites._sites.Count > 0
            ? sites
            : throw new WrongSettingException("Picking:Url", "must be the absolute http(s) address of Picking");
    }

    private void Add(IConfiguration configuration, string warehouseId, string setting)
    {
        if (configuration[setting] is not { Length: > 0 } url) return;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https" or "https+http"))
            throw new WrongSettingException(setting, "must be the absolute http(s) address of Picking");
        var key = configuration[$"Picking:{warehouseId}:Key"] is { Length: > 0 } own
            ? own
            : configuration["Service:Key"];
        if (string.IsNullOrWhiteSpace(key))
            throw new WrongSettingException("Service:Key", "is missing: give the API key that Picking knows us by");
        _sites[warehouseId] = new PickingSite(warehouseId, new Uri(address.AbsoluteUri.TrimEnd('/') + "/"), key);
    }
}
