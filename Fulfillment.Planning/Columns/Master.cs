using System.Numerics;

namespace Fulfillment.Planning.Columns;

/// <summary>
/// The linear relaxation of choosing batches so that every order is in one (Dantzig and Wolfe 1960, doi
/// 10.1287/opre.8.1.101), in so many carts and with <see cref="Triples"/>: a primal simplex that goes on from where it
/// stood when batches or triples are added. A tour is no longer for an order less, so an order may be in more than one
/// batch: the prices of orders are then never negative.
/// </summary>
internal sealed class Master(ColumnPool columns, Triples triples)
{
    private const int RowsMax = OrderSet.Most + 1 + Prices.TriplesMax;
    private const int ChargedWords = Prices.TriplesMax / 64;
    private const double LeastGain = 0.05;
    private const double LeastShare = 1e-3;
    private const int Candidates = 24;
    private const int FreshEvery = 200;
    private const int FreshTries = 3;
    private const int PivotsMax = 20_000;
    private const double BannedMm = 1e8;

    private Basis _basis = new(0);
    private readonly int[] _rowsOfColumn = new int[RowsMax];
    private readonly (double Reduced, int Column)[] _best = new (double, int)[Candidates];
    private bool[] _banned = [];
    private ulong[] _charged = [];
    private int _chargedColumns, _chargedTriples;
    private int _orders, _bestCount;
    private long _units;
    private Carts _carts;

    internal long Units => _units + _basis.Units;

    /// <summary>The relaxation's value, in millimetres, but for stand-ins.</summary>
    internal double ValueMm()
    {
        var value = 0.0;
        for (var r = 0; r < _basis.Rows; r++) value += _basis.Column[r] >= 0 ? _basis.Level[r] * _basis.Cost[r] : 0;
        return value;
    }

    /// <summary>How many carts are taken, by their shares.</summary>
    internal double Total()
    {
        var total = 0.0;
        for (var r = 0; r < _basis.Rows; r++) total += _basis.Column[r] >= 0 ? _basis.Level[r] : 0;
        return total;
    }

    /// <summary>Starts with a dear stand-in for every order; levels differ a little, against cycling.</summary>
    internal void Start(int orders, Carts carts, ReadOnlySpan<int> alone)
    {
        (_orders, _carts, _banned, _chargedColumns, _chargedTriples) = (orders, carts, [], 0, 0);
        _basis = new Basis(orders + 1 + Prices.TriplesMax);
        for (var r = 0; r < orders; r++) _basis.Open(Right(1, r), Basis.StandIn, 2.0 * alone[r]);
        // Of at most so many carts none need be taken: what is spare stands in the row.
        if (carts.IsAtLeast) _basis.Open(Right(carts.Count, orders), Basis.StandIn, alone[0]);
        else _basis.Open(Right(carts.Count, orders), Basis.Spare, 0);
    }

    private static double Right(int right, int row) => right + 1e-5 * ((row * 37 + 11) % 128 + 1) / 128;

    /// <summary>Takes in triples added since.</summary>
    internal void TakeTriples()
    {
        for (var t = _basis.Rows - _orders - 1; t < triples.Count; t++)
        {
            var triple = t;
            _basis.OpenAtMost(column => triples.IsCharged(triple, columns.Sets[column]));
        }
    }

    /// <summary>Solves over all batches known; false when it ran out of units.</summary>
    internal bool TrySolve(long unitsMax)
    {
        var start = Units;
        if (_banned.Length < columns.Count) Array.Resize(ref _banned, 2 * columns.Count);
        MarkCharged();
        _basis.Freshen();
        for (var (pivots, tries) = (0, 0); pivots < PivotsMax;)
        {
            if (Units - start >= unitsMax) return false;
            FindCandidates();
            if (_bestCount == 0)
            {
                // What only rounding brings up again after so many looks at fresh prices is let be.
                var isDone = _basis.PivotsSinceFresh == 0 || tries++ == FreshTries;
                if (isDone && !_basis.RaiseStandIns()) break;
                _basis.Freshen();
                continue;
            }

            while (TakeBest() is { } column && pivots++ < PivotsMax)
            {
                if (_basis.PivotsSinceFresh >= FreshEvery) _basis.Freshen();
                if (!Pivot(column)) break;
            }
        }

        return true;
    }

    /// <summary>The prices in integers.</summary>
    internal void Round(Prices prices)
    {
        var price = _basis.Price;
        for (var r = 0; r < _orders; r++) prices.Orders[r] = Math.Max(0, (long)(price[r] * Prices.Scale));
        var cart = (long)(price[_orders] * Prices.Scale);
        if (!_carts.IsAtMost) cart = Math.Max(0, cart);
        if (!_carts.IsAtLeast) cart = Math.Min(0, cart);
        prices.Cart = cart;
        var taken = _basis.Rows - _orders - 1;
        for (var t = 0; t < triples.Count; t++)
            prices.Charges[t] = t < taken ? Math.Max(0, (long)(-price[_orders + 1 + t] * Prices.Scale)) : 0;
    }

    /// <summary>The batches taken, and how much of each.</summary>
    internal int Taken(Span<OrderSet> sets, Span<double> shares)
    {
        var count = 0;
        for (var r = 0; r < _basis.Rows; r++)
        {
            if (_basis.Column[r] < 0 || _basis.Level[r] < LeastShare) continue;
            (sets[count], shares[count]) = (columns.Sets[_basis.Column[r]], _basis.Level[r]);
            count++;
        }

        return count;
    }

    /// <summary>Batches that the rules do not allow are dear until others are banned; with null none is.</summary>
    internal void Ban(PairRules? rules)
    {
        if (_banned.Length < columns.Count) _banned = new bool[2 * columns.Count];
        Array.Clear(_banned);
        for (var j = 0; rules is not null && j < columns.Count; j++) _banned[j] = !rules.Allow(columns.Sets[j]);
        if (rules is not null) _units += columns.Count * (1 + rules.Count / 4);
        for (var r = 0; r < _basis.Rows; r++)
        {
            if (_basis.Column[r] >= 0) _basis.Cost[r] = CostOf(_basis.Column[r]);
        }
    }

    private double CostOf(int column) => _banned[column] ? BannedMm : columns.Costs[column];

    /// <summary>Notes for every batch which triples charge it.</summary>
    private void MarkCharged()
    {
        if (_charged.Length < columns.Count * ChargedWords)
            Array.Resize(ref _charged, Math.Max(1024, 2 * columns.Count) * ChargedWords);
        for (var j = 0; j < columns.Count; j++)
        {
            var set = columns.Sets[j];
            var words = _charged.AsSpan(j * ChargedWords, ChargedWords);
            if (j >= _chargedColumns) words.Clear();
            for (var t = j < _chargedColumns ? _chargedTriples : 0; t < triples.Count; t++)
            {
                if (triples.IsCharged(t, set)) words[t >> 6] |= 1UL << t;
            }
        }

        _units += (long)(columns.Count - _chargedColumns) * triples.Count / 4
            + (long)_chargedColumns * (triples.Count - _chargedTriples) / 4;
        (_chargedColumns, _chargedTriples) = (columns.Count, triples.Count);
    }

    private double Reduced(int column)
    {
        var price = _basis.Price;
        if (column < 0) return IsCovered(RowOf(column)) ? price[RowOf(column)] : -price[RowOf(column)];
        var reduced = columns.Costs[column] - price[_orders];
        var set = columns.Sets[column];
        for (var rest = set.Low; rest != 0; rest &= rest - 1) reduced -= price[BitOperations.TrailingZeroCount(rest)];
        for (var rest = set.High; rest != 0; rest &= rest - 1)
            reduced -= price[64 + BitOperations.TrailingZeroCount(rest)];
        for (var w = 0; w < ChargedWords; w++)
        {
            for (var rest = _charged[column * ChargedWords + w]; rest != 0; rest &= rest - 1)
                reduced -= price[_orders + 1 + w * 64 + BitOperations.TrailingZeroCount(rest)];
        }

        return reduced;
    }

    /// <summary>Whether the row asks for at least so much.</summary>
    private bool IsCovered(int row) => row < _orders || (row == _orders && _carts.IsAtLeast);

    // What is spare of a row, or too much, has a code below all others.
    private static int SpareOf(int row) => -10 - row;

    private static int RowOf(int spare) => -10 - spare;

    private void FindCandidates()
    {
        _bestCount = 0;
        for (var j = 0; j < columns.Count; j++)
        {
            if (!_banned[j]) Consider(j, Reduced(j));
        }

        for (var r = 0; r < _basis.Rows; r++)
        {
            // Of exactly so many carts none is spare or too much.
            if (r != _orders || _carts.IsAtLeast != _carts.IsAtMost) Consider(SpareOf(r), Reduced(SpareOf(r)));
        }

        _units += columns.Count + _basis.Rows;
    }

    private void Consider(int column, double reduced)
    {
        if (reduced >= -LeastGain) return;
        if (_bestCount == Candidates && reduced >= _best[^1].Reduced) return;
        var at = _bestCount < Candidates ? _bestCount++ : Candidates - 1;
        for (; at > 0 && _best[at - 1].Reduced > reduced; at--) _best[at] = _best[at - 1];
        _best[at] = (reduced, column);
    }

    /// <summary>The candidate that gains most at the prices as they are now, taken off the list; null when none
    /// does.</summary>
    private int? TakeBest()
    {
        var (least, at) = (-LeastGain, -1);
        for (var i = 0; i < _bestCount; i++)
        {
            var reduced = Reduced(_best[i].Column);
            if (reduced < least) (least, at) = (reduced, i);
        }

        _units += _bestCount;
        if (at < 0) return null;
        var column = _best[at].Column;
        _best[at] = _best[--_bestCount];
        return column;
    }

    private bool Pivot(int column)
    {
        var reduced = Reduced(column);
        if (column < 0)
        {
            var row = RowOf(column);
            return _basis.Pivot(Basis.Spare, [row], IsCovered(row) ? -1 : 1, 0, reduced);
        }

        var count = 1;
        _rowsOfColumn[0] = _orders;
        for (var rest = columns.Sets[column]; !rest.IsEmpty; rest = rest.WithoutFirst)
            _rowsOfColumn[count++] = rest.First;
        for (var w = 0; w < ChargedWords; w++)
        {
            for (var rest = _charged[column * ChargedWords + w]; rest != 0; rest &= rest - 1)
                _rowsOfColumn[count++] = _orders + 1 + w * 64 + BitOperations.TrailingZeroCount(rest);
        }

        return _basis.Pivot(column, _rowsOfColumn.AsSpan(0, count), 1, CostOf(column), reduced);
    }
}
