using System.Numerics;
using System.Runtime.InteropServices;

namespace Fulfillment.Planning.Columns;

/// <summary>
/// The basis of a linear program with its explicit inverse: what is taken, how much of it, and the price of each row.
/// Only additions, subtractions, multiplications and divisions of doubles, each lane on its own, which give the same
/// bits on every machine.
/// </summary>
internal sealed class Basis
{
    /// <summary>What stands in a row where no batch does: a dear stand-in, or what is spare or too much of the
    /// row.</summary>
    internal const int StandIn = -1, Spare = -2;

    private const double Tiny = 1e-7;
    private const double Slip = 1e-8;
    private const double Least = 1e-3;
    private const double DearestMm = 1e9;

    private readonly double[] _inverse;
    private readonly int _stride;
    private readonly double[] _right;
    private readonly double[] _entering;

    internal Basis(int rowsMax)
    {
        _stride = (rowsMax + 7) / 8 * 8;
        _inverse = new double[_stride * _stride];
        (_right, _entering, Level, Price) = (
            new double[_stride], new double[_stride], new double[_stride], new double[_stride]);
        (Cost, Column) = (new double[_stride], new int[_stride]);
    }

    internal int Rows { get; private set; }

    internal double[] Level { get; }

    internal double[] Price { get; }

    /// <summary>The cost of what stands in each row.</summary>
    internal double[] Cost { get; }

    /// <summary>The batch in each row, or one of the codes above.</summary>
    internal int[] Column { get; }

    internal long Units { get; private set; }

    internal int PivotsSinceFresh { get; private set; }

    /// <summary>A row of its own: nothing that is taken so far is in it.</summary>
    internal void Open(double right, int column, double cost)
    {
        var row = Rows++;
        _inverse[row * _stride + row] = 1;
        (Level[row], _right[row], Column[row], Cost[row]) = (right, right, column, cost);
    }

    /// <summary>A row "at most 1" over batches that may be taken, of which <paramref name="isIn"/> knows which: what is
    /// spare stands in it, or a stand-in for what is too much.</summary>
    internal void OpenAtMost(Func<int, bool> isIn)
    {
        var (row, spare) = (Rows, 1.0);
        var fresh = _inverse.AsSpan(row * _stride, _stride);
        fresh.Clear();
        for (var r = 0; r < Rows; r++)
        {
            if (Column[r] < 0 || !isIn(Column[r])) continue;
            spare -= Level[r];
            AddTimes(fresh[..Rows], _inverse.AsSpan(r * _stride, Rows), -1);
        }

        var isBroken = spare < 0;
        for (var c = 0; isBroken && c < Rows; c++) fresh[c] = -fresh[c];
        fresh[row] = isBroken ? -1 : 1;
        (Level[row], _right[row]) = (Math.Abs(spare), 1);
        (Column[row], Cost[row]) = isBroken ? (StandIn, MeanCost()) : (Spare, 0);
        Rows++;
        Units += (long)Rows * Rows / 8;
    }

    /// <summary>Prices and levels anew from the inverse.</summary>
    internal void Freshen()
    {
        var price = Price.AsSpan(0, Rows);
        price.Clear();
        for (var r = 0; r < Rows; r++)
        {
            var row = _inverse.AsSpan(r * _stride, Rows);
            if (Cost[r] != 0) AddTimes(price, row, Cost[r]);
            double level = 0;
            for (var c = 0; c < row.Length; c++) level += row[c] * _right[c];
            Level[r] = Math.Max(0, level);
        }

        PivotsSinceFresh = 0;
        Units += (long)Rows * Rows / 12;
    }

    /// <summary>Brings a column of so much (the sign) in each of some rows into the basis; false when nothing bounds
    /// it, which rounding alone can bring about.</summary>
    internal bool Pivot(int column, ReadOnlySpan<int> rowsOf, double sign, double cost, double reduced)
    {
        Units += Rows + (long)Rows * Rows / 32;
        if (Leaving(rowsOf, sign) is not { } leaving) return false;
        var by = _entering[leaving];
        var level = Math.Max(0, Level[leaving] / by);
        var pivotRow = _inverse.AsSpan(leaving * _stride, Rows);
        for (var c = 0; c < pivotRow.Length; c++) pivotRow[c] /= by;
        for (var r = 0; r < Rows; r++)
        {
            var times = _entering[r];
            if (r == leaving || (times < Tiny && times > -Tiny)) continue;
            AddTimes(_inverse.AsSpan(r * _stride, Rows), pivotRow, -times);
            Level[r] = Math.Max(0, Level[r] - times * level);
        }

        AddTimes(Price.AsSpan(0, Rows), pivotRow, reduced);
        (Level[leaving], Cost[leaving], Column[leaving]) = (level, cost, column);
        PivotsSinceFresh++;
        return true;
    }

    /// <summary>The row that bounds the column: of those that bound it about equally the one with the largest pivot
    /// (Harris 1973, doi 10.1007/BF01580108).</summary>
    private int? Leaving(ReadOnlySpan<int> rowsOf, double sign)
    {
        var bound = double.MaxValue;
        for (var r = 0; r < Rows; r++)
        {
            double sum = 0;
            foreach (var c in rowsOf) sum += _inverse[r * _stride + c];
            _entering[r] = sum *= sign;
            if (sum > Tiny) bound = Math.Min(bound, (Level[r] + Slip) / sum);
        }

        int? leaving = null;
        for (var r = 0; r < Rows; r++)
        {
            if (_entering[r] <= Tiny || Level[r] / _entering[r] > bound) continue;
            if (leaving is not { } best || _entering[r] > _entering[best]) leaving = r;
        }

        return leaving;
    }

    /// <summary>Stand-ins that are still used become dearer; false when none is.</summary>
    internal bool RaiseStandIns()
    {
        var raised = false;
        for (var r = 0; r < Rows; r++)
        {
            if (Column[r] != StandIn || Level[r] < Least || Cost[r] > DearestMm) continue;
            Cost[r] *= 4;
            raised = true;
        }

        return raised;
    }

    private double MeanCost()
    {
        var (sum, count) = (1.0, 1);
        for (var r = 0; r < Rows; r++)
        {
            if (Column[r] < 0) continue;
            sum += Cost[r];
            count++;
        }

        return sum / count;
    }

    /// <summary>target += times * row, lane by lane.</summary>
    private static void AddTimes(Span<double> target, ReadOnlySpan<double> row, double times)
    {
        var by = new Vector<double>(times);
        var targets = MemoryMarshal.Cast<double, Vector<double>>(target);
        var rows = MemoryMarshal.Cast<double, Vector<double>>(row);
        for (var v = 0; v < targets.Length; v++) targets[v] += by * rows[v];
        for (var c = targets.Length * Vector<double>.Count; c < target.Length; c++) target[c] += times * row[c];
    }
}
