using Fulfillment.ServiceDefaults.ApiKeys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.ServiceDefaults;

/// <summary>Which requests reach their endpoint; on a service of the test's own.</summary>
public sealed class ApiKeyPolicyTests(TestServers servers)
{
    [Theory]
    [InlineData("/open", null, 200)]
    [InlineData("/open", "nonsense", 200)] // nobody asks for a key there
    [InlineData("/operators", null, 401)]
    [InlineData("/operators", "nonsense", 401)]
    [InlineData("/operators", "operator", 200)]
    [InlineData("/operators", "lead", 403)]
    [InlineData("/both", "operator", 200)]
    [InlineData("/both", "lead", 403)]
    [InlineData("/unheard-of", "operator", 403)]
    [InlineData("/any", "operator", 403)]
    public async Task A_request_goes_as_far_as_its_role(string path, string? key, int status) =>
        Assert.Equal(status, await AskAsync(path, key, useKeys: true));

    [Fact]
    public async Task A_service_that_forgets_to_look_at_keys_serves_nothing_that_needs_one()
    {
        Assert.Equal(500, await AskAsync("/operators", "operator", useKeys: false));
        Assert.Equal(200, await AskAsync("/open", null, useKeys: false));
    }

    private async Task<int> AskAsync(string path, string? key, bool useKeys)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var database = NpgsqlDataSource.Create(await servers.CreateOrdersDatabaseAsync());
        builder.Services.AddSingleton(database);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddApiKeys(("operator", ["operator"]), ("staff", ["operator", "lead"]));
        await using var app = builder.Build();
        if (useKeys) app.UseApiKeys();
        app.MapGet("/open", (HttpContext context) => context.Response.WriteAsync("open"));
        app.MapGet("/operators", (HttpContext context) => context.Response.WriteAsync("in"))
            .RequireAuthorization("operator");
        app.MapGroup("/both").RequireAuthorization("staff")
            .MapGet("", (HttpContext context) => context.Response.WriteAsync("in")).RequireAuthorization("operator");
        app.MapGet("/unheard-of", (HttpContext context) => context.Response.WriteAsync("in"))
            .RequireAuthorization("typo");
        app.MapGet("/any", (HttpContext context) => context.Response.WriteAsync("in")).RequireAuthorization();
        await app.StartAsync(TestContext.Current.CancellationToken);

        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        if (key is not null)
        {
            var made = ApiKey.Create();
            if (key != "nonsense")
                await app.Services.GetRequiredService<ApiKeyStore>().PutAsync(
                    made, key, subject: null, expiresAt: null, TestContext.Current.CancellationToken);
            http.DefaultRequestHeaders.Add(ApiKeyAuthentication.Header, made.ToString());
        }

        var answer = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return (int)answer.StatusCode;
    }
}
