using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Orders.Stock;

public class Bookings(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task Adjustments_and_counts_never_go_below_what_is_reserved()
    {
        await orders.ReceiveAsync("start", "a", 10);
        Assert.Equal(201, (int)(await orders.PlaceAsync(OrdersFixture.Order("reserves", quantity: 6))).StatusCode);

        Assert.Equal((409, "stock_below_reserved"), await RefusedAsync(Adjust("less", "a", -5)));
        Assert.Equal((409, "stock_below_reserved"), await RefusedAsync(Count("less", "a", 5)));
        Assert.Equal((422, "unknown_sku"), await RefusedAsync(Adjust("none", "nope", 1)));
        Assert.Equal((422, "invalid_adjustment"), await RefusedAsync(Adjust("zero", "a", 0)));
        Assert.Equal((422, "invalid_count"), await RefusedAsync(Count("negative", "a", -1)));
        Assert.Equal(10, await orders.CountAsync("SELECT on_hand FROM stock WHERE sku = 'a'"));

        Assert.Equal(204, (int)(await Adjust("fewer", "a", -4)).StatusCode);
        Assert.Equal(204, (int)(await Adjust("fewer", "a", -4)).StatusCode);
        Assert.Equal(6, await orders.CountAsync("SELECT on_hand FROM stock WHERE sku = 'a'"));
        Assert.Equal(204, (int)(await Count("found", "a", 9)).StatusCode);
        Assert.Equal(9, await orders.CountAsync("SELECT on_hand FROM stock WHERE sku = 'a'"));
        Assert.Equal(9, await orders.CountAsync("SELECT sum(on_hand_change)::bigint FROM stock_ledger WHERE sku = 'a'"));
    }

    [Fact]
    public async Task A_booking_that_Postgres_gave_up_for_a_deadlock_is_booked_by_the_next_attempt_once()
    {
        // A sequence is not rolled back: only the first attempt is given up.
        await orders.ExecuteAsync("""
            CREATE SEQUENCE attempts;
            CREATE FUNCTION give_up_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('attempts') = 1 THEN RAISE EXCEPTION 'crossed' USING ERRCODE = '40P01'; END IF;
                RETURN NEW; END $$;
            CREATE TRIGGER give_up_once BEFORE INSERT ON stock_ledger
                FOR EACH ROW WHEN (NEW.reference = 'crossed') EXECUTE FUNCTION give_up_once()
            """);
        await orders.ReceiveAsync("crossed", "b", 5);
        Assert.Equal(2, await orders.CountAsync("SELECT last_value FROM attempts"));
        Assert.Equal(5, await orders.CountAsync("SELECT on_hand FROM stock WHERE sku = 'b'"));
        Assert.Equal(1, await orders.CountAsync("SELECT count(*) FROM stock_ledger WHERE reference = 'crossed'"));
    }

    [Fact]
    public async Task Availability_follows_the_stock_and_says_as_of_when()
    {
        await orders.ReceiveAsync("available", "c", 8);
        await orders.PlaceAsync(OrdersFixture.Order("takes", "c", 3));
        JsonObject? found = null;
        await Eventually.HoldsAsync(async () =>
        {
            var answer = await orders.Acme.GetFromJsonAsync<JsonObject>(
                new Uri("/availability?sku=c&sku=nope", UriKind.Relative));
            found = Assert.Single(answer!["skus"]!.AsArray())!.AsObject();
            return (long)found["available"]! == 5;
        });
        Assert.Equal("c", (string)found!["sku"]!);
        Assert.True((DateTimeOffset)found["asOf"]! > DateTimeOffset.UnixEpoch);
        var none = await orders.Acme.GetAsync(new Uri("/availability", UriKind.Relative));
        Assert.Equal("invalid_skus", await OrdersFixture.CodeAsync(none));
    }

    private static async Task<(int Status, string Code)> RefusedAsync(Task<HttpResponseMessage> call)
    {
        var answer = await call;
        return ((int)answer.StatusCode, await OrdersFixture.CodeAsync(answer));
    }

    private Task<HttpResponseMessage> Adjust(string reference, string sku, int change) => OrdersFixture.PostAsync(
        orders.Acme, "/stock/adjustments",
        $$"""{"reference":"{{reference}}","lines":[{"sku":"{{sku}}","change":{{change}},"reason":"test"}]}""");

    private Task<HttpResponseMessage> Count(string reference, string sku, int counted) => OrdersFixture.PostAsync(
        orders.Acme, "/stock/counts", $$"""{"reference":"{{reference}}","sku":"{{sku}}","counted":{{counted}} }""");
}
