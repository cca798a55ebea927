using FsCheck;
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
    public void A_cursor_keeps_the_name_of_its_event(Guid order, NonNegativeInt release, NonNegativeInt version)
    {
        ArgumentNullException.ThrowIfNull(release);
        ArgumentNullException.ThrowIfNull(version);
        var cursor = new FeedCursor(712, 3, new EventName(order, release.Get, version.Get));
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
    [InlineData("1-1@")]
    [InlineData("1-1@0190b0a0000070008000000000000001.1")]
    [InlineData("1-1@0190b0a0-0000-7000-8000-000000000001.1.1")]
    [InlineData("1-1@0190b0a0000070008000000000000001.1.-1")]
    [InlineData("1-1@0190b0a0000070008000000000000001.1.1@")]
    public void Anything_else_is_no_cursor(string? text) => Assert.False(FeedCursor.TryParse(text, out _));
}
