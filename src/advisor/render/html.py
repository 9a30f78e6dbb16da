"""One self-contained page: no scripts, nothing fetched, readable in the dark and on paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from .blocks import Block, Code, Items, Section, Table, Text, Tree

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid #8888; padding: .25rem .6rem; text-align: left; vertical-align: top; }
pre { background: #8882; padding: .6rem; overflow-x: auto; }
li { margin: .25rem 0; }
@media print { body { max-width: none; margin: 0; } pre { white-space: pre-wrap; } }
""".strip()


def render_html(sections: Sequence[Section]) -> str:
    """Sections as a page."""
    title = escape(sections[0].title)
    body = []
    for level, section in enumerate(sections):
        tag = "h1" if level == 0 else "h2"
        body.append(f"<section>\n<{tag}>{escape(section.title)}</{tag}>")
        body += [_block(block) for block in section.blocks]
        body.append("</section>")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>",
            f"<style>\n{STYLE}\n</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        ]
    )


def _inline(text: str) -> str:
    """Escaped text with commands between backticks as code."""
    return re.sub("`([^`\n]+)`", r"<code>\1</code>", escape(text))


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return f"<p>{_inline(block.text)}</p>"
    if isinstance(block, Code):
        return f"<pre><code>{escape(block.text)}</code></pre>"
    if isinstance(block, Items):
        return _list([(item, [(text, []) for text in more]) for item, more in block.items])
    if isinstance(block, Tree):
        return _list(_nested(list(block.lines)))
    return _table(block)


Nested = list[tuple[str, "Nested"]]


def _nested(lines: list[tuple[int, str]]) -> Nested:
    out: Nested = []
    stack: list[tuple[int, Nested]] = [(-1, out)]
    for depth, text in lines:
        while stack[-1][0] >= depth:
            stack.pop()
        own: Nested = []
        stack[-1][1].append((text, own))
        stack.append((depth, own))
    return out


def _list(items: Nested) -> str:
    lines = ["<ul>"]
    for text, own in items:
        below = "\n" + _list(own) + "\n" if own else ""
        lines.append(f"<li>{_inline(text)}{below}</li>")
    return "\n".join([*lines, "</ul>"])


def _table(table: Table) -> str:
    lines = ["<table>"]
    if any(table.head):
        cells = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
        lines.append(f"<thead><tr>{cells}</tr></thead>")
    lines.append("<tbody>")
    for row in table.rows:
        first = "td" if any(table.head) else "th"
        head = f"<{first}>{_inline(row[0])}</{first}>"
        lines.append(f"<tr>{head}{''.join(f'<td>{_inline(cell)}</td>' for cell in row[1:])}</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])
