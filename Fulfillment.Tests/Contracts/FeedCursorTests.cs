using FsCheck.Xunit;
using Fulfillment.Contracts;
using Xunit;

namespace Fulfillment.Tests.Contracts;

public sealed class FeedCursorTests
{
    [Property]
    public void A_cursor_reads_back_as_it_was_written(ulong xid, long id)
    {
        var cursor = new FeedCursor(xid, id & long.MaxValue);
        Assert.True(FeedCursor.TryParse(cursor.ToString(), out var read));
        Assert.Equal(cursor, read);
    }

    [Property]
    public void The_transaction_decides_first_and_the_event_within_it(ulong xid, ulong otherXid, long id, long otherId)
    {
        var expected = xid != otherXid ? xid < otherXid : id < otherId;
        Assert.Equal(expected, new FeedCursor(xid, id) < new FeedCursor(otherXid, otherId));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("1")]
    [InlineData("1-")]
    [InlineData("-1")]
    [InlineData("1--1")]
    [InlineData("+1-1")]
    [InlineData("1-1-1")]
    [InlineData("18446744073709551616-1")]
    public void Anything_else_is_no_cursor(string? text) => Assert.False(FeedCursor.TryParse(text, out _));
}
