using System.Collections.Frozen;
using System.Security.Claims;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Fulfillment.ServiceDefaults.ApiKeys;

/// <summary>Policies by name, and the roles that satisfy each.</summary>
public sealed record ApiKeyPolicies(FrozenDictionary<string, string[]> Roles);

/// <summary>
/// Requests carry <c>X-Api-Key: prefix.secret</c>. One that names no key, or one whose role is not in every policy of
/// its endpoint, goes no further. The principal has a role and, for roles bound to one, a subject.
/// </summary>
/// <remarks>
/// One step in place of the framework's two (authentication, authorization): those make a handler, a ticket and a
/// policy's evaluation anew for each request, out of the container, and cost more than reading the order's body.
/// </remarks>
public sealed class ApiKeyAuthentication(RequestDelegate next, ApiKeyStore keys, ApiKeyPolicies policies)
{
    public const string Header = "X-Api-Key";
    public const string SubjectClaim = "subject";
    public const string PrefixClaim = "prefix";

    public Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var asked = context.GetEndpoint()?.Metadata.GetOrderedMetadata<IAuthorizeData>();
        if (asked is not { Count: > 0 }) return next(context);
        if (!ApiKey.TryParse(context.Request.Headers[Header].ToString(), out var key)) return RefuseAsync(context);
        var found = keys.FindAsync(key, context.RequestAborted);
        return found.IsCompletedSuccessfully
            ? GoOnAsync(context, found.Result, asked)
            : WaitAsync(context, found, asked);
    }

    private async Task WaitAsync(
        HttpContext context, ValueTask<KeyHolder?> found, IReadOnlyList<IAuthorizeData> asked) =>
        await GoOnAsync(context, await found, asked);

    private Task GoOnAsync(HttpContext context, KeyHolder? holder, IReadOnlyList<IAuthorizeData> asked)
    {
        if (holder is null) return RefuseAsync(context);
        for (var i = 0; i < asked.Count; i++)
        {
            // A policy that nobody has registered lets nobody through.
            if (asked[i].Policy is { } policy && policies.Roles.TryGetValue(policy, out var roles)
                && roles.Contains(holder.Role)) continue;
            return Problems.WriteAsync(context, StatusCodes.Status403Forbidden, "role_not_allowed",
                "The API key's role does not allow this.");
        }

        context.User = holder;
        return next(context);
    }

    private static Task RefuseAsync(HttpContext context) =>
        Problems.WriteAsync(context, StatusCodes.Status401Unauthorized, "api_key_required",
            $"Send a valid API key in the header {Header}.");
}

/// <summary>Who holds a key: its prefix, its role, and whom the role is bound to.</summary>
public sealed class KeyHolder : ClaimsPrincipal
{
    internal KeyHolder(string prefix, string role, string? subject)
        : base(new ClaimsIdentity(
            [
                new Claim(ApiKeyAuthentication.PrefixClaim, prefix), new Claim(ClaimTypes.Role, role),
                .. subject is null ? Array.Empty<Claim>() : [new Claim(ApiKeyAuthentication.SubjectClaim, subject)],
            ],
            "ApiKey", ApiKeyAuthentication.SubjectClaim, ClaimTypes.Role)) => (Role, Subject) = (role, subject);

    /// <summary>What the key may do.</summary>
    public string Role { get; }

    /// <summary>Whom the key is bound to; null for a role that is not bound.</summary>
    public string? Subject { get; }
}

/// <summary>Registration of API keys and the policies named by their roles.</summary>
public static class ApiKeyExtensions
{
    /// <summary>
    /// API keys from the registered database, and one policy per entry of <paramref name="policies"/>: its name, and
    /// the roles that satisfy it. An endpoint asks for one with <c>RequireAuthorization(name)</c>.
    /// </summary>
    public static void AddApiKeys(
        this IHostApplicationBuilder builder, params ReadOnlySpan<(string Policy, string[] Roles)> policies)
    {
        var roles = new Dictionary<string, string[]>();
        foreach (var (policy, satisfying) in policies) roles.Add(policy, satisfying);
        builder.Services.AddSingleton<ApiKeyStore>();
        builder.Services.AddSingleton(new ApiKeyPolicies(roles.ToFrozenDictionary(StringComparer.Ordinal)));
    }

    /// <summary>
    /// Asks for the key of each request whose endpoint has a policy. A service that leaves this out answers such a
    /// request with an error, because only here is it said that somebody looks at the policies.
    /// </summary>
    public static void UseApiKeys(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.ApplicationServices.GetRequiredService<IOptions<RouteOptions>>().Value
            .SuppressCheckForUnhandledSecurityMetadata = true;
        app.UseMiddleware<ApiKeyAuthentication>();
    }

    /// <summary>
    /// Stores the key that a setting holds, if it holds one: the first key of a new system comes from its deployment.
    /// </summary>
    /// <exception cref="WrongSettingException">The setting is not of the form prefix.secret.</exception>
    public static async Task PutConfiguredKeyAsync(
        this ApiKeyStore keys, IConfiguration configuration, string setting, string role,
        CancellationToken cancellation)
    {
        var text = configuration[setting];
        if (string.IsNullOrWhiteSpace(text)) return;
        if (!ApiKey.TryParse(text, out var key))
        {
            throw new WrongSettingException(
                setting, $"is no API key (prefix.secret, secret of at least {ApiKey.SecretLengthMin} characters)");
        }

        // Every start but the first finds it there, and waits for no disk.
        if (await keys.FindAsync(key, cancellation) is not null) return;
        await keys.PutAsync(key, role, subject: null, expiresAt: null, cancellation);
    }

    /// <summary>Whom the key is bound to; null for a role that is not bound.</summary>
    public static string? Subject(this ClaimsPrincipal principal) => (principal as KeyHolder)?.Subject;
}
