using Fulfillment.ServiceDefaults.Outages;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Outages;

/// <summary>What is the store's fault, and what is a request's or ours.</summary>
public class WhoseFault
{
    [Theory]
    [InlineData("08006")] // connection failure
    [InlineData("25006")] // read-only
    [InlineData("28P01")] // wrong password
    [InlineData("3D000")] // no such database
    [InlineData("42P01")] // no such table
    [InlineData("42501")] // no right to it
    [InlineData("42P05")] // a pooler gave us a session with another's statements
    [InlineData("53300")] // too many connections
    [InlineData("53100")] // disk full
    [InlineData("55000")] // takes no connections
    [InlineData("55P03")] // locked
    [InlineData("57014")] // out of time
    [InlineData("57P01")] // shut down
    [InlineData("57P03")] // starting
    [InlineData("58030")] // I/O error
    [InlineData("XX001")] // corrupted
    public void Is_the_stores(string state)
    {
        Assert.Equal(StoreFault.Postgres, StoreFault.StoreOf(Answer(state)));
        Assert.False(StoreFault.IsCrossed(Answer(state)));
    }

    [Theory]
    [InlineData("22P05")] // a character that cannot be stored
    [InlineData("23505")] // there already
    [InlineData("23514")] // a check of ours
    [InlineData("0A000")] // a statement that never worked
    [InlineData("40P01")] // crossed
    public void Is_not_the_stores(string state) => Assert.Null(StoreFault.StoreOf(Answer(state)));

    [Fact]
    public void Without_an_answer_it_is_the_stores()
    {
        Assert.Equal(StoreFault.Postgres, StoreFault.StoreOf(new NpgsqlException("refused")));
        Assert.Equal(StoreFault.Postgres, StoreFault.StoreOf(new TimeoutException()));
        Assert.Equal(StoreFault.Redis, StoreFault.StoreOf(new RedisException("gone")));
        Assert.Null(StoreFault.StoreOf(new InvalidOperationException("a bug")));
        Assert.Null(StoreFault.StoreOf(new OperationCanceledException()));
    }

    [Fact]
    public void What_crossed_is_right_when_it_comes_again()
    {
        Assert.True(StoreFault.IsCrossed(Answer("40P01")));
        Assert.True(StoreFault.IsCrossed(Answer("40001")));
    }

    private static PostgresException Answer(string state) => new("no", "ERROR", "ERROR", state);
}
