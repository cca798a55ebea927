using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Picking.Database;

/// <summary>Positional parameters with their Postgres type said once: nothing is inferred, nothing is boxed.</summary>
internal static class Typed
{
    internal static NpgsqlParameter Double(double value) => new NpgsqlParameter<double> { TypedValue = value };

    internal static NpgsqlParameter Text(string? value) => value is null
        ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text }
        : Of(value, NpgsqlDbType.Text);

    internal static NpgsqlParameter Uuid(Guid value) => Of(value, NpgsqlDbType.Uuid);

    internal static NpgsqlParameter MaybeUuid(Guid? value) => value is { } set
        ? Of(set, NpgsqlDbType.Uuid)
        : new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid };

    internal static NpgsqlParameter Integer(int value) => Of(value, NpgsqlDbType.Integer);

    internal static NpgsqlParameter Bigint(long value) => Of(value, NpgsqlDbType.Bigint);

    internal static NpgsqlParameter Smallint(short value) => Of(value, NpgsqlDbType.Smallint);

    internal static NpgsqlParameter MaybeBigint(long? value) => value is { } set
        ? Of(set, NpgsqlDbType.Bigint)
        : new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint };

    internal static NpgsqlParameter Xid(ulong value) => Of(value, NpgsqlDbType.Xid8);

    internal static NpgsqlParameter Time(DateTimeOffset value) => Of(value.ToUniversalTime(), NpgsqlDbType.TimestampTz);

    internal static NpgsqlParameter Bytes(byte[] value) => Of(value, NpgsqlDbType.Bytea);

    internal static NpgsqlParameter Texts(string?[] values) => Of(values, NpgsqlDbType.Array | NpgsqlDbType.Text);

    internal static NpgsqlParameter Uuids(Guid[] values) => Of(values, NpgsqlDbType.Array | NpgsqlDbType.Uuid);

    internal static NpgsqlParameter MaybeUuids(Guid?[] values) => Of(values, NpgsqlDbType.Array | NpgsqlDbType.Uuid);

    internal static NpgsqlParameter MaybeIntegers(int?[] values) =>
        Of(values, NpgsqlDbType.Array | NpgsqlDbType.Integer);

    internal static NpgsqlParameter Integers(int[] values) => Of(values, NpgsqlDbType.Array | NpgsqlDbType.Integer);

    internal static NpgsqlParameter Booleans(bool[] values) => Of(values, NpgsqlDbType.Array | NpgsqlDbType.Boolean);

    internal static NpgsqlParameter Smallints(short[] values) => Of(values, NpgsqlDbType.Array | NpgsqlDbType.Smallint);

    internal static NpgsqlParameter Bigints(long[] values) => Of(values, NpgsqlDbType.Array | NpgsqlDbType.Bigint);

    internal static NpgsqlParameter Times(DateTimeOffset[] values) =>
        Of(values, NpgsqlDbType.Array | NpgsqlDbType.TimestampTz);

    internal static NpgsqlParameter BytesEach(byte[][] values) => Of(values, NpgsqlDbType.Array | NpgsqlDbType.Bytea);

    private static NpgsqlParameter<T> Of<T>(T value, NpgsqlDbType type) =>
        new() { TypedValue = value, NpgsqlDbType = type };
}
