using System.Numerics;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// What each order is worth at the optimum of the linear relaxation of a set partitioning (Dantzig and Wolfe 1960, doi
/// 10.1287/opre.8.1.101): a primal simplex with an explicit inverse, over at most 64 rows. Only additions,
/// subtractions, multiplications and divisions of doubles, which give the same bits on every machine; the prices are
/// then rounded to integers and made feasible, so that the bound holds whatever the rounding.
/// </summary>
internal sealed class PartitionPrices
{
    /// <summary>Prices are in 1/256 mm.</summary>
    internal const int Scale = 256;

    private const int RowsMax = FeasibleBatches.OrdersMax;
    private const double Tiny = 1e-9;
    private const int PivotsMax = 4_000;

    private readonly double[] _inverse = new double[RowsMax * RowsMax];
    private readonly double[] _level = new double[RowsMax];
    private readonly double[] _price = new double[RowsMax];
    private readonly double[] _costOfBasis = new double[RowsMax];
    private readonly double[] _entering = new double[RowsMax];
    private readonly double[] _sums = new double[RowsMax / 8 * 256];
    private readonly bool[] _isStandIn = new bool[RowsMax];
    private int _rows;

    /// <summary>An order's price; the sum over all is a lower bound of every partition.</summary>
    internal long[] Prices { get; } = new long[RowsMax];

    internal long Units { get; private set; }

    /// <summary>False when it took more units than given.</summary>
    internal bool TrySolve(
        ReadOnlySpan<ulong> sets, ReadOnlySpan<int> costs, int rows, ReadOnlySpan<int> alone, long unitsMax)
    {
        (_rows, Units) = (rows, 0);
        Start(alone);
        for (var pivots = 0; pivots < PivotsMax; pivots++)
        {
            Units += sets.Length * ((rows + 7) / 8) / 8 + rows * rows / 8 + rows * 4;
            if (Units >= unitsMax) return false;
            if (Cheapest(sets, costs) is var column && column >= 0) Pivot(sets[column], costs[column]);
            else if (!RaiseStandIns()) break;
        }

        RoundToFeasible(sets, costs);
        return true;
    }

    /// <summary>
    /// A dear stand-in for every order makes the first basis; levels differ a little, against cycling.
    /// </summary>
    private void Start(ReadOnlySpan<int> alone)
    {
        Array.Clear(_inverse);
        for (var r = 0; r < _rows; r++)
        {
            _inverse[r * RowsMax + r] = 1;
            _level[r] = 1 + 1e-5 * ((r * 37 + 11) % 64 + 1) / 64;
            _costOfBasis[r] = 2.0 * alone[r];
            _isStandIn[r] = true;
        }
    }

    private int Cheapest(ReadOnlySpan<ulong> sets, ReadOnlySpan<int> costs)
    {
        FindPrices();
        var best = -1;
        var least = -1e-4;
        var bytes = (_rows + 7) / 8;
        for (var j = 0; j < sets.Length; j++)
        {
            double reduced = costs[j];
            var set = sets[j];
            for (var k = 0; k < bytes; k++, set >>= 8) reduced -= _sums[k * 256 + (int)(set & 255)];
            if (reduced < least) (least, best) = (reduced, j);
        }

        return best;
    }

    private void FindPrices()
    {
        for (var c = 0; c < _rows; c++) _price[c] = 0;
        for (var r = 0; r < _rows; r++)
        {
            for (var c = 0; c < _rows; c++) _price[c] += _costOfBasis[r] * _inverse[r * RowsMax + c];
        }

        // Sums over eight orders at a time, so that a column is priced by its bytes.
        for (var k = 0; k < (_rows + 7) / 8; k++)
        {
            _sums[k * 256] = 0;
            for (var b = 1; b < 256; b++)
            {
                var row = k * 8 + BitOperations.TrailingZeroCount(b);
                _sums[k * 256 + b] = _sums[k * 256 + (b & (b - 1))] + (row < _rows ? _price[row] : 0);
            }
        }
    }

    private void Pivot(ulong set, int cost)
    {
        var leaving = -1;
        var least = double.MaxValue;
        for (var r = 0; r < _rows; r++)
        {
            double sum = 0;
            for (var rest = set; rest != 0; rest &= rest - 1)
                sum += _inverse[r * RowsMax + BitOperations.TrailingZeroCount(rest)];
            _entering[r] = sum;
            if (sum > Tiny && _level[r] / sum < least) (least, leaving) = (_level[r] / sum, r);
        }

        if (leaving < 0) return;
        var pivotRow = _inverse.AsSpan(leaving * RowsMax, _rows);
        var by = _entering[leaving];
        for (var c = 0; c < _rows; c++) pivotRow[c] /= by;
        _level[leaving] = least;
        for (var r = 0; r < _rows; r++)
        {
            var times = _entering[r];
            if (r == leaving || (times < Tiny && times > -Tiny)) continue;
            var row = _inverse.AsSpan(r * RowsMax, _rows);
            for (var c = 0; c < _rows; c++) row[c] -= times * pivotRow[c];
            _level[r] = Math.Max(0, _level[r] - times * least);
        }

        _costOfBasis[leaving] = cost;
        _isStandIn[leaving] = false;
    }

    /// <summary>Stand-ins that are still used become dearer; false when none is.</summary>
    private bool RaiseStandIns()
    {
        var raised = false;
        for (var r = 0; r < _rows; r++)
        {
            if (!_isStandIn[r] || _level[r] < 1e-3 || _costOfBasis[r] > 1e9) continue;
            _costOfBasis[r] *= 4;
            raised = true;
        }

        return raised;
    }

    private void RoundToFeasible(ReadOnlySpan<ulong> sets, ReadOnlySpan<int> costs)
    {
        FindPrices();
        for (var r = 0; r < _rows; r++) Prices[r] = (long)(_price[r] * Scale);
        for (var j = 0; j < sets.Length; j++)
        {
            var over = -Reduced(sets[j], costs[j]);
            if (over <= 0) continue;
            var size = BitOperations.PopCount(sets[j]);
            for (var rest = sets[j]; rest != 0; rest &= rest - 1)
                Prices[BitOperations.TrailingZeroCount(rest)] -= (over + size - 1) / size;
        }
    }

    /// <summary>What a column costs beyond the prices of its orders, in 1/256 mm.</summary>
    internal long Reduced(ulong set, int cost)
    {
        var reduced = (long)cost * Scale;
        for (var rest = set; rest != 0; rest &= rest - 1) reduced -= Prices[BitOperations.TrailingZeroCount(rest)];
        return reduced;
    }
}
