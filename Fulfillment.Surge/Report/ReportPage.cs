namespace Fulfillment.Surge.Report;

/// <summary>The frame of every page: its style and nothing from anywhere else.</summary>
internal static class ReportPage
{
    private const string Style = """
        :root { color-scheme: light dark; --ink: #1c2126; --dim: #5d666f; --paper: #fff; --card: #f4f6f8;
            --edge: #d9dee3; --mark: #2a7fc0 }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --dim: #a0a8b0; --paper: #14171a;
            --card: #1e2327; --edge: #343b42 } }
        body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem;
            margin: 0 auto; padding: 1.5rem }
        h1 { margin: 0; font-size: 1.7rem } h2 { margin: 0 0 .25rem; font-size: 1.15rem }
        header p, figure p { margin: .1rem 0 .6rem; color: var(--dim) }
        section, figure, details { margin: 1.6rem 0 }
        .verdict { background: var(--card); border-left: .35rem solid var(--mark); padding: .9rem 1.2rem;
            border-radius: .3rem }
        .verdict p { margin: .3rem 0 } .verdict .first { font-size: 1.2rem; font-weight: 600 }
        svg { width: 100%; height: auto; display: block } svg text { font-family: system-ui, sans-serif;
            font-weight: 400 }
        .wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums;
            font-size: .93rem }
        th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--edge);
            vertical-align: top }
        thead th { color: var(--dim); font-weight: 600 } .pairs th { font-weight: 400; color: var(--dim);
            padding-right: 2rem }
        summary { cursor: pointer; font-weight: 600; padding: .4rem 0; border-bottom: 1px solid var(--edge) }
        """;

    internal static string Wrap(string title, string subtitle, string body) => $"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{HtmlReport.Text(title)}</title><style>{Style}</style></head>
        <body><header><h1>{HtmlReport.Text(title)}</h1><p>{HtmlReport.Text(subtitle)}</p></header>
        {body}
        </body></html>
        """;
}
