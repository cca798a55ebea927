namespace Fulfillment.Planning;

/// <summary>A distance in whole millimetres. Arithmetic is checked: an overflow is a bug, never a short walk.</summary>
public readonly record struct Millimetres(long Value) : IComparable<Millimetres>
{
    public static readonly Millimetres Zero = new(0);

    public double Metres => Value / 1000.0;

    public int CompareTo(Millimetres other) => Value.CompareTo(other.Value);

    public override string ToString() => $"{Value} mm";

    public static Millimetres operator +(Millimetres a, Millimetres b) => new(checked(a.Value + b.Value));

    public static Millimetres operator -(Millimetres a, Millimetres b) => new(checked(a.Value - b.Value));

    public static bool operator <(Millimetres a, Millimetres b) => a.Value < b.Value;

    public static bool operator >(Millimetres a, Millimetres b) => a.Value > b.Value;

    public static bool operator <=(Millimetres a, Millimetres b) => a.Value <= b.Value;

    public static bool operator >=(Millimetres a, Millimetres b) => a.Value >= b.Value;
}
