using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Fulfillment.Tests.Orders.PlaceOrder;

/// <summary>A body is read in one go when it has arrived whole, and as it comes when it has not.</summary>
public class Bodies(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task An_order_whose_body_comes_in_pieces_is_the_order_that_comes_whole()
    {
        var body = OrdersFixture.Order("pieces");
        var whole = await orders.PlaceAsync(body);
        Assert.Equal(201, (int)whole.StatusCode);
        var answer = await SendAsync(body, body.Length / 2);
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.EndsWith(await whole.Content.ReadAsStringAsync(), answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_follows_the_order_in_its_body_is_refused_in_one_piece_and_in_two()
    {
        var body = OrdersFixture.Order("followed") + " {}";
        Assert.StartsWith("HTTP/1.1 400", await SendAsync(body, body.Length), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400", await SendAsync(body, body.Length / 2), StringComparison.Ordinal);
        Assert.Equal(0, await orders.CountAsync("SELECT count(*) FROM orders WHERE client_order_id = 'followed'"));
    }

    [Fact]
    public async Task An_answer_says_how_long_it_is_so_that_it_is_sent_in_one_piece()
    {
        var answer = await orders.PlaceAsync(OrdersFixture.Order("long"));
        Assert.Equal((await answer.Content.ReadAsByteArrayAsync()).Length, answer.Content.Headers.ContentLength);
        Assert.Null(answer.Headers.TransferEncodingChunked);
    }

    // Sends the first bytes of the body, and the rest once the service has surely seen them.
    private async Task<string> SendAsync(string body, int first)
    {
        using var client = new TcpClient { NoDelay = true };
        var address = orders.Service.Address;
        await client.ConnectAsync(address.Host, address.Port);
        await using var stream = client.GetStream();
        var key = orders.Acme.DefaultRequestHeaders.GetValues("X-Api-Key").Single();
        var head = string.Create(CultureInfo.InvariantCulture, $"""
            POST /orders HTTP/1.1
            Host: {address.Authority}
            X-Api-Key: {key}
            Content-Type: application/json
            Content-Length: {body.Length}
            Connection: close


            """).ReplaceLineEndings("\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head + body[..first]));
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(body[first..]));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }
}
