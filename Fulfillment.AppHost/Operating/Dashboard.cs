using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Fulfillment.AppHost.Operating;

/// <summary>Where the dashboard of this run listens.</summary>
internal static class Dashboard
{
    private const string ResourceName = "aspire-dashboard"; // Aspire's name for it

    /// <summary>Its root without a slash at the end; empty when this run has none.</summary>
    internal static string Address(IServiceProvider services)
    {
        var model = services.GetRequiredService<DistributedApplicationModel>();
        var dashboard = model.Resources.OfType<IResourceWithEndpoints>()
            .FirstOrDefault(one => one.Name == ResourceName);
        if (dashboard is null) return "";
        var secure = new EndpointReference(dashboard, "https");
        return (secure.Exists ? secure : new EndpointReference(dashboard, "http")).Url.TrimEnd('/');
    }

    /// <summary>The link that signs a person in.</summary>
    internal static string Link(IServiceProvider services)
    {
        var token = services.GetRequiredService<IConfiguration>()["AppHost:BrowserToken"];
        var address = Address(services);
        return string.IsNullOrEmpty(token) || address.Length == 0 ? address : $"{address}/login?t={token}";
    }
}
