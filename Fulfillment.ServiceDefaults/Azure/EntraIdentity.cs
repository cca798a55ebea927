using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.Configuration;

namespace Fulfillment.ServiceDefaults.Azure;

/// <summary>Who the service is in Azure. Off unless the setting <c>Azure:UseEntra</c> is true, as on a desk.</summary>
public static class EntraIdentity
{
    /// <summary>
    /// The credential of the managed identity named by <c>AZURE_CLIENT_ID</c> (without it, the system-assigned one), or
    /// null when Entra is off. It caches: a token that is asked for again is handed out until five minutes before its
    /// end.
    /// </summary>
    public static TokenCredential? CredentialOrNull(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (!bool.TryParse(configuration["Azure:UseEntra"], out var on) || !on) return null;
        // No DefaultAzureCredential: it tries a developer's tools one by one, and which one answered is anyone's guess.
        return new ManagedIdentityCredential(
            configuration["AZURE_CLIENT_ID"] is { Length: > 0 } clientId
                ? ManagedIdentityId.FromUserAssignedClientId(clientId)
                : ManagedIdentityId.SystemAssigned);
    }
}
