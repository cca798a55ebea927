using System.Diagnostics;
using Fulfillment.Hosting;
using Fulfillment.ServiceDefaults.Azure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Infra;

/// <summary>Tokens in the place of passwords: real servers, and the token endpoint of a container on
/// loopback.</summary>
public sealed class EntraTests(IdentityEndpoint identity) : IClassFixture<IdentityEndpoint>
{
    private const string User = "7d9bb3c4-1111-2222-3333-444455556666"; // the object id of an identity

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(null)]
    [InlineData("false")]
    [InlineData("")]
    public void On_a_desk_there_is_no_credential(string? setting) => Assert.Null(EntraIdentity.CredentialOrNull(
        new ConfigurationBuilder().AddInMemoryCollection([new("Azure:UseEntra", setting)]).Build()));

    [Fact]
    public async Task Postgres_is_shown_a_token_for_Postgres()
    {
        var client = $"postgres-{Guid.NewGuid()}";
        identity.Give(client, "token-for-postgres", TimeSpan.FromHours(1));
        await using var run = new LocalRun(BuildOutput.RunsFolder, TimeProvider.System);
        var address = await StartPostgresAsync(run, "id-orders", "token-for-postgres");

        await using var database = new NpgsqlDataSourceBuilder($"{address};Username=id-orders")
            .UseEntra(IdentityEndpoint.Credential(client)).Build();
        await using var command = database.CreateCommand("SELECT current_user");

        Assert.Equal("id-orders", await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        Assert.Contains((client, "https://ossrdbms-aad.database.windows.net"), identity.Asked);

        // The counter-examples: without a credential nothing is sent, and a wrong token is not let in.
        await using var without = new NpgsqlDataSourceBuilder($"{address};Username=id-orders").UseEntra(
            null).Build();
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () =>
            await without.OpenConnectionAsync(TestContext.Current.CancellationToken));
        identity.Give(client + "-other", "another-token", TimeSpan.FromHours(1));
        await using var wrong = new NpgsqlDataSourceBuilder($"{address};Username=id-orders")
            .UseEntra(IdentityEndpoint.Credential(client + "-other")).Build();
        var refused = await Assert.ThrowsAsync<PostgresException>(
            async () => await wrong.OpenConnectionAsync(TestContext.Current.CancellationToken));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    [Fact]
    public async Task A_password_in_the_connection_string_wins()
    {
        var client = $"unused-{Guid.NewGuid()}";
        await using var run = new LocalRun(BuildOutput.RunsFolder, TimeProvider.System);
        var address = await StartPostgresAsync(run, "desk", "desk-password");

        await using var database = new NpgsqlDataSourceBuilder($"{address};Username=desk;Password=desk-password")
            .UseEntra(IdentityEndpoint.Credential(client)).Build();
        await using var connection = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);

        Assert.DoesNotContain(identity.Asked, asked => asked.ClientId == client);
        Assert.Equal("p", ConfigurationOptions.Parse("h:1,password=p")
            .UseEntra(IdentityEndpoint.Credential(client), TimeProvider.System).Password);
    }

    [Fact]
    public async Task An_identity_that_is_not_there_says_so()
    {
        var refused = await Assert.ThrowsAnyAsync<Azure.Identity.AuthenticationFailedException>(async () =>
            await IdentityEndpoint.Credential($"nobody-{Guid.NewGuid()}").GetTokenAsync(
                new Azure.Core.TokenRequestContext([EntraRedis.Scope]), TestContext.Current.CancellationToken));

        Assert.Contains("no such identity", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_is_shown_a_token_and_the_next_one_before_the_first_ends()
    {
        var client = $"redis-{Guid.NewGuid()}";
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await RedisOfUsers.StartAsync();
        await server.LetInAsync(User, "token-1");
        // Less than five minutes: the credential does not keep it, and so sees at once when there is another.
        identity.Give(client, "token-1", TimeSpan.FromMinutes(4));

        var options = ConfigurationOptions.Parse($"{server.Address},user={User},ssl=false,abortConnect=true")
            .UseEntra(IdentityEndpoint.Credential(client), clock);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(options);
        await redis.GetDatabase().PingAsync();
        Assert.Contains((client, "https://redis.azure.com"), identity.Asked);

        // The token changes. Redis 7 keeps a connection that is signed in, so the AUTH itself is what must be seen.
        await server.LetInAsync(User, "token-2");
        identity.Give(client, "token-2", TimeSpan.FromMinutes(4));
        var signInsBefore = await server.SignInsAsync();
        await EventuallyAsync(async () =>
        {
            clock.Advance(TimeSpan.FromMinutes(2)); // half of what the first token had
            return await server.SignInsAsync() > signInsBefore;
        });
        Assert.Equal(0, await server.RefusedAsync());

        // The first token is dead now, and the connection too: the new one is opened with the second.
        await server.ForgetAsync(User, "token-1");
        await server.DropAsync(User);
        await EventuallyAsync(async () =>
        {
            try
            {
                await redis.GetDatabase().PingAsync();
                return await server.ConnectionsOfAsync(User) > 0;
            }
            catch (Exception away) when (away is RedisException or TimeoutException)
            {
                return false;
            }
        });
        Assert.Equal(0, await server.RefusedAsync());
    }

    [Fact]
    public async Task Redis_does_not_let_in_a_token_it_does_not_know()
    {
        var client = $"stranger-{Guid.NewGuid()}";
        await using var server = await RedisOfUsers.StartAsync();
        await server.LetInAsync(User, "token-1");
        identity.Give(client, "forged", TimeSpan.FromHours(1));

        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(
            ConfigurationOptions.Parse(
                $"{server.Address},user={User},ssl=false,abortConnect=true,connectRetry=0,connectTimeout=1000")
                .UseEntra(IdentityEndpoint.Credential(client), TimeProvider.System)));

        Assert.NotEqual(0, await server.RefusedAsync());
    }

    // One user with a password; neither stands in the address.
    private static async Task<string> StartPostgresAsync(LocalRun run, string user, string password)
    {
        var server = await PostgresServer.StartAsync(
            run, new PostgresOptions { User = user, Password = password }, TestContext.Current.CancellationToken);
        var all = new NpgsqlConnectionStringBuilder(server.ConnectionString("postgres"));
        return $"Host={all.Host};Port={all.Port};Database=postgres;Timeout=5";
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        var started = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(started.Elapsed < Patience, "it did not come to pass");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
