namespace Fulfillment.Planning;

/// <summary>Which hand the shelf is at when one walks from the front to the back.</summary>
public enum Side
{
    Left = 0,
    Right = 1,
}

/// <summary>A storage location. Aisles count from the left, bays from the front through all blocks, both from
/// 0.</summary>
public readonly record struct Location(int Aisle, int Bay, Side Side = Side.Left)
{
    public override string ToString() => $"{Aisle}-{Bay}{(Side == Side.Left ? 'L' : 'R')}";
}
