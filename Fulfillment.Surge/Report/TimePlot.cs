using System.Text.RegularExpressions;
using ScottPlot;

namespace Fulfillment.Surge.Report;

/// <summary>One line of a plot; equal lengths, X in seconds.</summary>
internal sealed record Series(string Name, string Colour, IReadOnlyList<double> Seconds, IReadOnlyList<double> Values)
{
    internal bool Steps { get; init; }
    internal bool Dashed { get; init; }
    internal bool Filled { get; init; }

    /// <summary>Thinned by the mean, for rates; else by the highest: a peak must not vanish for a narrow
    /// page.</summary>
    internal bool Averaged { get; init; }
}

/// <summary>
/// Draws lines over time, or bars by name, as SVG that stands in a page: no background of its own and middle greys, so
/// that it reads on light and dark alike.
/// </summary>
internal static partial class TimePlot
{
    // Okabe and Ito's palette: told apart by colour-blind readers too.
    internal const string Blue = "#2a7fc0", Orange = "#e08a00", Green = "#009e73", Red = "#d5452a", Purple = "#b05f9a";
    private const string Grey = "#888888";
    private const int Width = 900, Height = 300, PointsMax = 700;
    private static int drawn;

    internal static string Lines(string yLabel, IReadOnlyList<Series> series, IReadOnlyList<Phase> phases)
    {
        using var plot = Empty(yLabel);
        var (unit, name) = TimeUnit(series.SelectMany(line => line.Seconds).DefaultIfEmpty(0).Max());
        foreach (var phase in phases.Where(phase => phase.Name == "surge"))
        {
            var span = plot.Add.HorizontalSpan(phase.From / unit, phase.To / unit);
            span.FillColor = Color.FromHex(Orange).WithAlpha(.10);
            span.LineWidth = 0;
            span.LegendText = "surge";
        }
        foreach (var line in series.Where(line => line.Seconds.Count > 0))
        {
            var (xs, ys) = Thin(line);
            var scatter = plot.Add.ScatterLine([.. xs.Select(x => x / unit)], ys);
            scatter.Color = Color.FromHex(line.Colour);
            scatter.LineWidth = 2;
            scatter.LegendText = line.Name;
            if (line.Steps) scatter.ConnectStyle = ConnectStyle.StepHorizontal;
            if (line.Dashed) scatter.LinePattern = LinePattern.Dashed;
            if (!line.Filled) continue;
            scatter.FillY = true;
            scatter.FillYColor = scatter.Color.WithAlpha(.15);
        }
        plot.XLabel(name);
        plot.ShowLegend(Edge.Bottom);
        FromZero(plot, series.SelectMany(line => line.Values).DefaultIfEmpty(1).Max());
        return Svg(plot, Height);
    }

    internal static string Bars(string yLabel, IReadOnlyList<(string Name, double Value, string Colour)> bars)
    {
        using var plot = Empty(yLabel);
        for (var index = 0; index < bars.Count; index++)
        {
            var bar = plot.Add.Bar(index, bars[index].Value);
            bar.Color = Color.FromHex(bars[index].Colour);
            bar.Bars[0].LineWidth = 0;
        }
        plot.Axes.Bottom.SetTicks([.. Enumerable.Range(0, bars.Count).Select(i => (double)i)],
            [.. bars.Select(b => b.Name)]);
        plot.Axes.Bottom.MajorTickStyle.Length = 0;
        FromZero(plot, bars.Select(bar => bar.Value).DefaultIfEmpty(1).Max());
        return Svg(plot, Height);
    }

    private static Plot Empty(string yLabel)
    {
        var plot = new Plot();
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        plot.Axes.Color(Color.FromHex(Grey));
        plot.Axes.Right.IsVisible = plot.Axes.Top.IsVisible = false;
        plot.Grid.MajorLineColor = Color.FromHex(Grey).WithAlpha(.2);
        plot.Legend.BackgroundColor = Colors.Transparent;
        plot.Legend.OutlineColor = Colors.Transparent;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.FontColor = Color.FromHex(Grey);
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.YLabel(yLabel);
        return plot;
    }

    private static void FromZero(Plot plot, double most)
    {
        plot.Axes.Margins(left: .01, right: .02);
        plot.Axes.AutoScaleX();
        plot.Axes.SetLimitsY(0, most > 0 ? most * 1.08 : 1);
    }

    private static (double Seconds, string Name) TimeUnit(double last) => last switch
    {
        <= 600 => (1, "seconds"),
        <= 3 * 3_600 => (60, "minutes"),
        <= 3 * 86_400 => (3_600, "hours"),
        _ => (86_400, "days"),
    };

    private static (double[] Xs, double[] Ys) Thin(Series line)
    {
        var bucket = (line.Seconds.Count + PointsMax - 1) / PointsMax;
        if (bucket <= 1) return ([.. line.Seconds], [.. line.Values]);
        var chunks = Enumerable.Range(0, line.Seconds.Count).Chunk(bucket).ToList();
        int[] highest = [.. chunks.Select(chunk => chunk.MaxBy(index => line.Values[index]))];
        return line.Averaged
            ? ([.. chunks.Select(chunk => line.Seconds[chunk[^1]])],
               [.. chunks.Select(chunk => chunk.Average(index => line.Values[index]))])
            : ([.. highest.Select(index => line.Seconds[index])], [.. highest.Select(index => line.Values[index])]);
    }

    // Skia numbers its clip paths from one in every drawing; on one page they must differ.
    private static string Svg(Plot plot, int height)
    {
        var prefix = $"d{Interlocked.Increment(ref drawn)}_";
        var svg = plot.GetSvgXml(Width, height);
        svg = svg[svg.IndexOf("<svg", StringComparison.Ordinal)..];
        svg = SizeOfSvg().Replace(svg, $"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" ", 1);
        return IdInSvg().Replace(svg, match => match.Groups[1].Value + prefix);
    }

    [GeneratedRegex("(\\bid=\"|url\\(#|href=\"#)")]
    private static partial Regex IdInSvg();

    [GeneratedRegex("<svg ")]
    private static partial Regex SizeOfSvg();
}
