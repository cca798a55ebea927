using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Azure.Core;
using Fulfillment.Hosting;
using Fulfillment.ServiceDefaults.Azure;
using Microsoft.Extensions.Configuration;

namespace Fulfillment.Tests.Infra;

/// <summary>
/// The token endpoint that Container Apps gives a container (IDENTITY_ENDPOINT), on loopback. Each client id has the
/// token that the test says.
/// </summary>
public sealed class IdentityEndpoint : IDisposable
{
    private const string Header = "header-of-the-container";

    private readonly HttpListener _listener = new();
    private readonly ConcurrentDictionary<string, (string Token, TimeSpan Lifetime)> _tokens = new();

    public IdentityEndpoint()
    {
        var port = Ports.Free();
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        // Read by the credential when it is made; nothing else in these tests runs in Azure.
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", $"http://127.0.0.1:{port}/msi/token");
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", Header);
        _ = AnswerAsync();
    }

    /// <summary>What was asked for, by client id.</summary>
    public ConcurrentQueue<(string ClientId, string Resource)> Asked { get; } = new();

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", null);
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", null);
        _listener.Close();
    }

    public void Give(string clientId, string token, TimeSpan lifetime) => _tokens[clientId] = (token, lifetime);

    /// <summary>The credential that a service with this client id has in Azure.</summary>
    public static TokenCredential Credential(string clientId) => EntraIdentity.CredentialOrNull(
        new ConfigurationBuilder().AddInMemoryCollection(
            [new("Azure:UseEntra", "true"), new("AZURE_CLIENT_ID", clientId)]).Build())!;

    private async Task AnswerAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var clientId = context.Request.QueryString["client_id"] ?? "";
                Asked.Enqueue((clientId, context.Request.QueryString["resource"] ?? ""));
                var known = _tokens.TryGetValue(clientId, out var given)
                    && context.Request.Headers["X-IDENTITY-HEADER"] == Header;
                var ends = (TimeProvider.System.GetUtcNow() + given.Lifetime).ToUnixTimeSeconds().ToString(
                    CultureInfo.InvariantCulture);
                context.Response.StatusCode = known ? 200 : 400;
                context.Response.ContentType = "application/json";
                context.Response.Close(Encoding.UTF8.GetBytes(known
                    ? $$"""{"access_token":"{{given.Token}}","expires_on":"{{ends}}","resource":"r"}"""
                    : """{"statusCode":400,"message":"no such identity"}"""), willBlock: false);
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
