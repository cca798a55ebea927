using Fulfillment.Orders.PlaceOrder;
using Xunit;

namespace Fulfillment.Tests.Orders.PlaceOrder;

public class Limits
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Each_limit_is_met_and_not_passed()
    {
        Assert.Null(Code(Request()));
        Assert.Null(Code(Request() with { ClientOrderId = new string('x', 64) }));
        Assert.Equal("invalid_order", Code(Request() with { ClientOrderId = new string('x', 65) }));
        Assert.Null(Code(Request(quantity: 100_000)));
        Assert.Equal("quantity_out_of_range", Code(Request(quantity: 100_001)));
        Assert.Equal("quantity_out_of_range", Code(Request(quantity: 0)));
        Assert.Null(Code(Request(lines: 1_000)));
        Assert.Equal("too_many_lines", Code(Request(lines: 1_001)));
        Assert.Equal("invalid_order", Code(Request(lines: 0)));
        Assert.Null(Code(To(new string('x', 200))));
        Assert.Equal("invalid_order", Code(To(new string('x', 201))));
        Assert.Null(Code(Request() with { ShipBy = Now.AddTicks(1) }));
        Assert.Equal("ship_by_past", Code(Request() with { ShipBy = Now }));
    }

    [Theory]
    [InlineData("\0")]
    [InlineData("a\nb")]
    [InlineData("a\u007fb")]
    [InlineData("\u0085")]
    [InlineData("")]
    public void Control_characters_and_nothing_are_refused_in_every_text(string text)
    {
        Assert.Equal("invalid_order", Code(Request() with { ClientOrderId = text }));
        Assert.Equal("invalid_order", Code(Request() with { Lines = [new PlaceOrderLine(text, 1)] }));
        Assert.Equal("invalid_order", Code(To(text)));
    }

    [Fact]
    public void Half_a_character_is_refused_and_a_whole_one_is_taken()
    {
        Assert.Equal("invalid_order", Code(To("a\ud83d")));
        Assert.Equal("invalid_order", Code(To("\udce6b")));
        Assert.Null(Code(To("\ud83d\udce6")));
    }

    private static string? Code(PlaceOrderRequest request) =>
        OrderLimits.FaultsIn(request, Now) is { } faults ? OrderLimits.CodeOf(faults) : null;

    private static PlaceOrderRequest To(string name) => Request() with
    {
        ShipTo = new ShipTo { Name = name, Line1 = "L", Country = "DE" },
    };

    private static PlaceOrderRequest Request(int lines = 1, int quantity = 1) => new()
    {
        ClientOrderId = "id",
        Lines = [.. Enumerable.Repeat(new PlaceOrderLine("a", quantity), lines)],
        ShipTo = new ShipTo { Name = "N", Line1 = "L", Country = "DE" },
    };
}
