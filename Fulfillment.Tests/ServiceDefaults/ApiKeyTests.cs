using Fulfillment.ServiceDefaults.ApiKeys;
using Xunit;

namespace Fulfillment.Tests.ServiceDefaults;

public sealed class ApiKeyTests
{
    [Fact]
    public void A_created_key_reads_back_and_proves_itself()
    {
        var key = ApiKey.Create();
        Assert.True(ApiKey.TryParse(key.ToString(), out var read));
        Assert.Equal(key, read);
        Assert.True(read.Proves(key.HashSecret()));
    }

    [Fact]
    public void Another_secret_under_the_same_prefix_proves_nothing()
    {
        var key = ApiKey.Create();
        var other = ApiKey.Create() with { Prefix = key.Prefix };
        Assert.False(other.Proves(key.HashSecret()));
    }

    [Fact]
    public void Two_created_keys_differ_in_prefix_and_secret()
    {
        var (one, two) = (ApiKey.Create(), ApiKey.Create());
        Assert.NotEqual(one.Prefix, two.Prefix);
        Assert.NotEqual(one.Secret, two.Secret);
    }

    [Fact]
    public void What_is_stored_does_not_hold_the_secret()
    {
        var key = ApiKey.Create();
        Assert.Equal(32, key.HashSecret().Length);
        Assert.DoesNotContain(key.Secret, Convert.ToBase64String(key.HashSecret()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("no-dot-in-it")]
    [InlineData(".secret-without-prefix")]
    [InlineData("prefix.")]
    [InlineData("prefix.fifteen-letters")] // 15: one below the least
    public void Anything_else_is_no_key(string? text) => Assert.False(ApiKey.TryParse(text, out _));

    [Theory]
    [InlineData(ApiKey.PrefixLengthMax, ApiKey.SecretLengthMin, true)]
    [InlineData(ApiKey.PrefixLengthMax + 1, ApiKey.SecretLengthMin, false)]
    [InlineData(1, ApiKey.SecretLengthMin - 1, false)]
    [InlineData(1, ApiKey.SecretLengthMax, true)]
    [InlineData(1, ApiKey.SecretLengthMax + 1, false)]
    public void Its_lengths_have_limits(int prefix, int secret, bool accepted) =>
        Assert.Equal(accepted, ApiKey.TryParse($"{new string('p', prefix)}.{new string('s', secret)}", out _));
}
