using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Wire;

namespace Fulfillment.Bench.Intake;

/// <summary>
/// POST /orders with two lines, written by patching a prepared text: the generator must cost nothing. Uniform: any two
/// SKUs of a client that goes with the connection. Hot: one client, and one of the two SKUs is always the same.
/// </summary>
internal sealed class OrderRequests
{
    internal const string Uniform = "uniform";
    internal const string Hot = "hot";

    /// <summary>It sorts last, so that all contenders hold its lock for as short as they can.</summary>
    internal static readonly int HotSku = Shop.SkuLast;

    private const int NumberDigits = 10;
    private const int SkuDigits = 4;

    private readonly byte[][] _templates;
    private readonly int _number;
    private readonly int _first;
    private readonly int _second;
    private readonly bool _hot;
    private readonly SplitMix _random;
    private int _sent;

    internal OrderRequests(IReadOnlyList<string> keys, string host, string @case, string prefix, ulong seed)
    {
        (_hot, _random) = (@case == Hot, new SplitMix(seed));
        _templates = [.. (_hot ? keys.Take(1) : keys).Select(key => Encoding.ASCII.GetBytes(Text(key, host, prefix)))];
        var any = Encoding.ASCII.GetString(_templates[0]);
        _number = any.IndexOf($"{prefix}{new string('#', NumberDigits)}", StringComparison.Ordinal) + prefix.Length;
        _first = any.IndexOf("\"S", StringComparison.Ordinal) + 2;
        _second = any.IndexOf("\"S", _first, StringComparison.Ordinal) + 2;
    }

    internal int Write(int connection, Span<byte> buffer)
    {
        var template = _templates[connection % _templates.Length];
        template.CopyTo(buffer);
        Put(buffer[_number..], NumberDigits, ++_sent);
        var first = Shop.SkuFirst + _random.Below(_hot ? Shop.SkusPerClient - 1 : Shop.SkusPerClient);
        var other = first - Shop.SkuFirst + 1 + _random.Below(Shop.SkusPerClient - 1);
        var second = _hot ? HotSku : Shop.SkuFirst + other % Shop.SkusPerClient;
        Put(buffer[_first..], SkuDigits, first);
        Put(buffer[_second..], SkuDigits, second);
        return template.Length;
    }

    private static void Put(Span<byte> at, int digits, int value) =>
        Utf8Formatter.TryFormat(value, at, out _, new System.Buffers.StandardFormat('D', (byte)digits));

    private static string Text(string key, string host, string prefix)
    {
        var body = $$"""
            {"clientOrderId":"{{prefix}}{{new string('#', NumberDigits)}}","lines":[{"sku":"S####","quantity":1},
            """ + """
            {"sku":"S####","quantity":2}],"serviceLevel":"Standard","allocation":"FillAll",
            """ + """
            "shipTo":{"name":"A. Shopper","line1":"1 High Street","postalCode":"10115","city":"Berlin","country":"DE"}}
            """;
        var length = body.Length.ToString(CultureInfo.InvariantCulture);
        return $"POST /orders HTTP/1.1\r\nHost: {host}\r\n{Keys.Header}: {key}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {length}\r\n\r\n{body}";
    }
}
