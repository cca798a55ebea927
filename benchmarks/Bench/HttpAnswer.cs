using System.Buffers.Text;
using System.Text;

namespace Fulfillment.Bench;

/// <summary>As much of HTTP/1.1 as tells where an answer ends: by its length, or by its last chunk.</summary>
internal static class HttpAnswer
{
    internal static int Status(ReadOnlySpan<byte> answer) =>
        Utf8Parser.TryParse(answer[9..12], out int status, out _) ? status : 0;

    internal static bool IsComplete(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;
        var body = answer[(end + 4)..];
        if (Header(answer[..end], "content-length"u8, out var value))
            return Utf8Parser.TryParse(value, out int length, out _) && body.Length >= length;
        if (Header(answer[..end], "transfer-encoding"u8, out _)) return body.EndsWith("0\r\n\r\n"u8);
        return true; // 204 and its like have neither
    }

    private static bool Header(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        while (head.IndexOf("\r\n"u8) is var line and >= 0)
        {
            head = head[(line + 2)..];
            if (head.Length <= name.Length || head[name.Length] != ':'
                || !Ascii.EqualsIgnoreCase(head[..name.Length], name)) continue;
            value = head[(name.Length + 1)..].TrimStart((byte)' ');
            return true;
        }

        value = default;
        return false;
    }
}
