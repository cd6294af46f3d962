"""The chart of the page: the share of each budget that is used, as an SVG for light and dark backgrounds."""

from html import escape

from bench.budgets import Row

WIDTH, LEFT, RIGHT, LINE, BAR, TOP = 860, 400, 150, 24, 12, 44
LONGEST = 2.5  # budgets; longer bars are cut, their number is shown

_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .number { fill: #57606a }
  .met { fill: #3f7cbf }
  .over { fill: #c4602a }
  .budget { stroke: #57606a; stroke-width: 1; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .number { fill: #9da7b3 }
    .met { fill: #6ca6e0 }
    .over { fill: #e58a56 }
    .budget { stroke: #9da7b3 }
  }
"""


def draw(rows: list[Row]) -> str:
    """Draw a bar for each judged row and a line for the budget; failed rows have a text instead of a bar."""
    shown = [row for row in rows if row.share is not None or row.state == "failed"]
    longest = min(LONGEST, max([1.0, *(row.share for row in shown if row.share is not None)]))
    scale = (WIDTH - LEFT - RIGHT) / longest
    height = TOP + LINE * len(shown) + 10
    one = LEFT + scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title">',
        '<title id="title">Share of each budget that is used; shorter is better</title>',
        f"<style>{_STYLE}</style>",
        f'<text class="number" x="{one:.1f}" y="22" text-anchor="middle">budget</text>',
        f'<line class="budget" x1="{one:.1f}" x2="{one:.1f}" y1="{TOP - 14}" y2="{height - 8}"/>',
    ]
    for number, row in enumerate(shown):
        y = TOP + LINE * number
        parts.append(f'<text x="{LEFT - 12}" y="{y + 10}" text-anchor="end">{escape(row.label)}</text>')
        if row.share is None:
            parts.append(f'<text class="number" x="{one + 8:.1f}" y="{y + 10}">could not be measured</text>')
            continue
        length = max(1.0, min(row.share, longest) * scale)
        kind, note = ("met", "") if row.state == "met" else ("over", ", over")
        parts.append(f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>')
        after = max(LEFT + length, one) + 8
        parts.append(f'<text class="number" x="{after:.1f}" y="{y + 10}">{escape(row.measured + note)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
