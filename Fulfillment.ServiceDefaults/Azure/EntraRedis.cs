using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace Fulfillment.ServiceDefaults.Azure;

/// <summary>Signs in to Azure Managed Redis with a token in the place of the password, and renews it in time.</summary>
public static class EntraRedis
{
    /// <summary>What a token for Redis must be asked for.</summary>
    public const string Scope = "https://redis.azure.com/.default";

    /// <summary>
    /// Uses <paramref name="credential"/> for every connection, unless it is null or the options name a password of
    /// their own. The user of the options must be the object id of the identity.
    /// </summary>
    public static ConfigurationOptions UseEntra(
        this ConfigurationOptions options, TokenCredential? credential, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (credential is null || !string.IsNullOrEmpty(options.Password)) return options;
        options.Defaults = new EntraRedisLogin(options, credential, clock);
        return options;
    }
}

/// <summary>
/// Redis drops a connection when the token it signed in with ends. A new connection asks for the password here and gets
/// a token that lives; the one for commands is signed in again with AUTH before that. A subscription has a connection
/// of its own that cannot be: it drops, comes back with the new token and subscribes again. Nothing of ours needs it.
/// </summary>
internal sealed partial class EntraRedisLogin(
    ConfigurationOptions options, TokenCredential credential, TimeProvider clock)
    : AzureManagedRedisOptionsProvider
{
    internal static readonly TimeSpan RenewDelayMin = TimeSpan.FromSeconds(10);

    private static readonly TokenRequestContext Request = new([EntraRedis.Scope]);

    /// <summary>Asked for in every handshake; the credential answers from memory while its token lives.</summary>
    public override string? Password => credential.GetToken(Request, CancellationToken.None).Token;

    public override Task AfterConnectAsync(ConnectionMultiplexer multiplexer, Action<string> log)
    {
        _ = RenewAsync(multiplexer);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Waits for half of what is left, again and again: the credential has a new token in the last five minutes, so the
    /// connection has it with at least two and a half to spare, and a failure is tried again ever sooner.
    /// </summary>
    private async Task RenewAsync(ConnectionMultiplexer redis)
    {
        var log = options.LoggerFactory?.CreateLogger<EntraRedisLogin>() ?? NullLogger<EntraRedisLogin>.Instance;
        var shown = default(AccessToken);
        while (true)
        {
            try
            {
                var token = await credential.GetTokenAsync(Request, CancellationToken.None);
                var isNew = shown.Token is not null && token.Token != shown.Token;
                if (isNew) await SignInAgainAsync(redis, token.Token, log);
                shown = token;
            }
            catch (ObjectDisposedException)
            {
                return; // the service is done with Redis
            }
            catch (AuthenticationFailedException failure)
            {
                NoToken(log, failure.Message);
            }

            var half = (shown.ExpiresOn - clock.GetUtcNow()) / 2;
            await Task.Delay(half > RenewDelayMin ? half : RenewDelayMin, clock, CancellationToken.None);
        }
    }

    // A server that is away is no trouble: when it is back, the handshake shows it the new token.
    private async Task SignInAgainAsync(ConnectionMultiplexer redis, string token, ILogger log)
    {
        foreach (var server in redis.GetServers())
        {
            try
            {
                await server.ExecuteAsync("AUTH", options.User ?? "default", token);
                Renewed(log, server.EndPoint.ToString());
            }
            catch (Exception failure) when (failure is RedisException or TimeoutException)
            {
                NotRenewed(log, server.EndPoint.ToString(), failure.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Signed in to {EndPoint} again with a new token")]
    private static partial void Renewed(ILogger log, string? endPoint);

    [LoggerMessage(2, LogLevel.Warning, "Could not sign in to {EndPoint} again: {Problem}")]
    private static partial void NotRenewed(ILogger log, string? endPoint, string problem);

    [LoggerMessage(3, LogLevel.Warning, "No token for Redis: {Problem}")]
    private static partial void NoToken(ILogger log, string problem);
}
