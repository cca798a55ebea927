using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.ServiceDefaults;

public sealed class ConnectionSettingsTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Hst=localhost")]
    [InlineData("Database=ordersdb")]
    [InlineData("Host=localhost")]
    [InlineData("Host=localhost;Database=ordersdb;Port=many")]
    public void A_wrong_PostgreSQL_string_is_one_line_that_names_the_setting(string? text)
    {
        var wrong = Assert.Throws<WrongSettingException>(() =>
            ConnectionSettings.Postgres(With("ordersdb", text), "ordersdb", poolMax: 16));
        Assert.Contains("ConnectionStrings:ordersdb", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', wrong.Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("localhost:6379,nonsense=1")]
    public void A_wrong_Redis_string_is_one_line_that_names_the_setting(string? text)
    {
        var wrong = Assert.Throws<WrongSettingException>(() => ConnectionSettings.Redis(With("redis", text), "redis"));
        Assert.Contains("ConnectionStrings:redis", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', wrong.Message);
    }

    [Fact]
    public void The_pool_is_bounded_and_statements_are_prepared()
    {
        var read = new NpgsqlConnectionStringBuilder(
            ConnectionSettings.Postgres(With("ordersdb", "Host=h;Database=d"), "ordersdb", poolMax: 16));
        Assert.Equal(16, read.MaxPoolSize);
        Assert.True(read.MaxAutoPrepare > 0);
    }

    [Theory]
    [InlineData("Host=h;Database=d", GssEncryptionMode.Disable)]
    [InlineData("Host=h;Database=d;GSS Encryption Mode=Require", GssEncryptionMode.Require)]
    public void Kerberos_is_not_loaded_unless_it_is_asked_for(string text, GssEncryptionMode mode) => Assert.Equal(
        mode,
        new NpgsqlConnectionStringBuilder(ConnectionSettings.Postgres(With("ordersdb", text), "ordersdb", poolMax: 16))
            .GssEncryptionMode);

    [Fact]
    public void A_Redis_that_is_not_there_yet_is_waited_for() =>
        Assert.False(ConnectionSettings.Redis(With("redis", "localhost:6379"), "redis").AbortOnConnectFail);

    private static IConfiguration With(string name, string? text) => new ConfigurationBuilder()
        .AddInMemoryCollection(new Dictionary<string, string?> { [$"ConnectionStrings:{name}"] = text })
        .Build();
}
