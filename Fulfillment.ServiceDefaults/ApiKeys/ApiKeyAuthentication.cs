using System.Security.Claims;
using System.Text.Encodings.Web;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Fulfillment.ServiceDefaults.ApiKeys;

/// <summary>
/// Requests carry <c>X-Api-Key: prefix.secret</c>. The principal has a role and, for roles bound to one, a subject.
/// </summary>
public sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, ApiKeyStore keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    public new const string Scheme = "ApiKey";
    public const string Header = "X-Api-Key";
    public const string SubjectClaim = "subject";
    public const string PrefixClaim = "prefix";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!Request.Headers.TryGetValue(Header, out var values)) return AuthenticateResult.NoResult();
        if (!ApiKey.TryParse(values.ToString(), out var key))
            return AuthenticateResult.Fail("not of the form prefix.secret");
        var principal = await keys.FindAsync(key, Context.RequestAborted);
        return principal is null
            ? AuthenticateResult.Fail("unknown, expired or revoked")
            : AuthenticateResult.Success(new AuthenticationTicket(principal, Scheme));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(Context, StatusCodes.Status401Unauthorized, "api_key_required",
            $"Send a valid API key in the header {Header}.");

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(Context, StatusCodes.Status403Forbidden, "role_not_allowed",
            "The API key's role does not allow this.");
}

/// <summary>Registration of API keys and the policies named by their roles.</summary>
public static class ApiKeyExtensions
{
    /// <summary>
    /// Authentication by API key from the registered database, and one authorization policy per entry of
    /// <paramref name="policies"/>: its name, and the roles that satisfy it.
    /// </summary>
    public static void AddApiKeys(
        this IHostApplicationBuilder builder, params ReadOnlySpan<(string Policy, string[] Roles)> policies)
    {
        builder.Services.AddSingleton<ApiKeyStore>();
        // What AddAuthentication adds beside this is data protection: a key ring on disk, read at start, for cookies.
        builder.Services.AddAuthenticationCore(all => all.DefaultScheme = ApiKeyAuthentication.Scheme).AddWebEncoders();
        new AuthenticationBuilder(builder.Services)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.Scheme, null);
        var authorization = builder.Services.AddAuthorizationBuilder();
        foreach (var (policy, roles) in policies) authorization.AddPolicy(policy, rule => rule.RequireRole(roles));
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
    public static string? Subject(this ClaimsPrincipal principal) =>
        principal.FindFirst(ApiKeyAuthentication.SubjectClaim)?.Value;
}
