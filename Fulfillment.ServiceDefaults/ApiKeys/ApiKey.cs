using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Fulfillment.ServiceDefaults.ApiKeys;

/// <summary>
/// An API key as its holder has it: <c>prefix.secret</c>. The prefix finds the row, the secret proves it. The secret
/// has 256 random bits, so one SHA-256 is enough to store it (no password hash is needed against guessing).
/// </summary>
public readonly record struct ApiKey(string Prefix, string Secret)
{
    public const int PrefixLengthMax = 32;
    public const int SecretLengthMin = 16;
    public const int SecretLengthMax = 128;

    /// <summary>A new key from the system's cryptographic generator.</summary>
    public static ApiKey Create() => new(
        Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)),
        Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));

    /// <summary>Reads <c>prefix.secret</c>; false on anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ApiKey key)
    {
        key = default;
        var dot = text?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        if (dot is < 1 or > PrefixLengthMax) return false;
        var secret = text!.Length - dot - 1;
        if (secret is < SecretLengthMin or > SecretLengthMax) return false;
        key = new ApiKey(text[..dot], text[(dot + 1)..]);
        return true;
    }

    /// <summary>What is stored: 32 bytes.</summary>
    public byte[] HashSecret() => SHA256.HashData(Encoding.UTF8.GetBytes(Secret));

    /// <summary>Compares in constant time.</summary>
    public bool Proves(ReadOnlySpan<byte> storedHash)
    {
        if (Secret.Length > SecretLengthMax) return false;
        // A UTF-16 unit takes at most three bytes of UTF-8.
        Span<byte> secret = stackalloc byte[3 * SecretLengthMax];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(secret[..Encoding.UTF8.GetBytes(Secret, secret)], hash);
        return CryptographicOperations.FixedTimeEquals(hash, storedHash);
    }

    public override string ToString() => $"{Prefix}.{Secret}";
}
