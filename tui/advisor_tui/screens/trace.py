"""How the advice comes about, down to what was said, assumed or read in a source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Input, Label, Static, Tree
from textual.widgets.tree import TreeNode

from advisor.errors import visible
from advisor.model.advice import Advice, Source
from advisor.model.quantity import Node
from advisor.render.blocks import clean, number
from advisor.render.outline import GRADE_WORDS, main_figures

from ..widgets.plain_input import PlainInput
from .base import BackScreen

KIND_WORDS = {
    "given": "you said so",
    "assumed": "assumed, because you did not say",
    "knowledge": "from the knowledge",
    "calculation": "worked out",
    "rule": "a rule",
}
LONGEST_LABEL = 300
TOGGLE = Style.from_meta({"toggle": True})
"""What a click on the sign of a line does."""
ABOUT = "Pick a line to see where it comes from. Lines with a + open to what they were made from."


class TraceScreen(BackScreen):
    """Every conclusion as a tree that opens to what it was made from.

    ``open_rule`` shows the rule of a code.
    """

    HELP = """\
# How this advice comes about

Each line is a conclusion or a figure. Open it to see what it was made from, then open those in
turn: every way ends in what you said, what was assumed, or what a source says.

- **Up**, **Down** move; **Enter**, **Space** or a click open and close a line.
- **/** searches names, figures, rule codes and sources. **Enter** goes to the next place found,
  also **n** in the tree.
- **r** opens the rule of the line.
- **Tab** goes to the details and back.
"""
    AUTO_FOCUS = "TraceTree"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", tooltip="Find a figure, a rule or a source"),
        Binding("n", "next", "Next found", tooltip="Go to the next place found"),
        Binding("r", "open_rule", "Open the rule", tooltip="Show the whole rule of this line"),
    ]
    DEFAULT_CSS = """
    TraceScreen #top { height: 1; }
    TraceScreen #top Label { padding: 0 1; }
    TraceScreen #title { text-style: bold; }
    TraceScreen #query { width: 1fr; }
    TraceScreen #found { min-width: 14; color: $text-muted; }
    TraceScreen #parts { layout: horizontal; height: 1fr; }
    TraceScreen #details { width: 2fr; padding: 0 1; border-left: solid $primary; }
    TraceScreen #details:focus { border-left: heavy $accent; }
    TraceScreen.-narrow #parts { layout: vertical; }
    TraceScreen.-narrow TraceTree { width: 1fr; }
    TraceScreen.-narrow #details {
        width: 1fr; height: 10; border-left: none; border-top: solid $primary;
    }
    TraceScreen.-narrow #details:focus { border-top: heavy $accent; }
    """

    def __init__(self, advice: Advice, open_rule: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self.nodes = {node.id: node for node in advice.trace}
        self.sources = {source.id: source for source in advice.sources}
        self.groups = list(_conclusions(advice, self.nodes))
        self.open_rule = open_rule
        self.ways = _ways([id for _, ids in self.groups for id in ids], self.nodes)
        self.node: Node | None = None
        self.found: list[str] = []
        self.at = -1

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield Label("How", id="title")
            yield PlainInput(
                placeholder="search: a figure, a rule, a source", id="query", compact=True
            )
            yield Label("", id="found", markup=False)
        with Container(id="parts"):
            yield TraceTree()
            with VerticalScroll(id="details"):
                yield Static(Content(ABOUT))
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        for title, ids in self.groups:
            group = self.lines.root.add(Text(title, style="bold"), expand=True)
            for id in ids:
                self._add(group, id)

    @property
    def lines(self) -> TraceTree:
        """The tree."""
        return self.query_one(TraceTree)

    def _add(self, under: TreeNode[str], id: str) -> None:
        node = self.nodes[id]
        under.add(Text(_label(node)), data=id, allow_expand=bool(node.inputs))

    def _fill(self, place: TreeNode[str]) -> None:
        if place.data is not None and not place.children:
            for id in self.nodes[place.data].inputs:
                self._add(place, id)

    @on(Tree.NodeExpanded)
    def fill(self, event: Tree.NodeExpanded[str]) -> None:
        """Hang what a node was made from under it, when it is first opened."""
        self._fill(event.node)

    @on(Tree.NodeHighlighted)
    def detail(self, event: Tree.NodeHighlighted[str]) -> None:
        """Show everything about the line under the cursor."""
        node = self.node = self.nodes.get(event.node.data or "")
        about = Content(ABOUT) if node is None else _details(node, self.nodes, self.sources)
        self.query_one("#details Static", Static).update(about)
        self.query_one("#details").scroll_home(animate=False)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done here."""
        if action == "open_rule":
            return self.open_rule is not None and self.node is not None and bool(self.node.rule)
        return bool(self.found) if action == "next" else True

    def action_open_rule(self) -> None:
        """Show the rule of the line under the cursor."""
        if self.open_rule is not None and self.node is not None and self.node.rule is not None:
            self.open_rule(self.node.rule)

    def action_search(self) -> None:
        """Go to the line to search with."""
        self.query_one("#query").focus()

    @on(Input.Changed, "#query")
    def search(self, event: Input.Changed) -> None:
        """Find the lines that hold every word that was typed."""
        words = event.value.lower().split()
        texts = ((id, self._searched(id)) for id in self.ways if words)
        self.found = [id for id, text in texts if all(word in text for word in words)]
        self.at = -1
        self._count(f"{len(self.found)} found" if words else "")

    def _searched(self, id: str) -> str:
        node = self.nodes[id]
        titles = [self.sources[cite].title for cite in node.cites if cite in self.sources]
        return " ".join([_label(node), node.rule or "", *node.cites, *titles]).lower()

    def _count(self, text: str) -> None:
        self.query_one("#found", Label).update(text)
        self.refresh_bindings()

    @on(Input.Submitted, "#query")
    def action_next(self) -> None:
        """Go to the next place found, opening the way to it."""
        if self.found:
            self.at = (self.at + 1) % len(self.found)
            self._count(f"{self.at + 1} of {len(self.found)}")
            self._go(self.found[self.at])

    def _go(self, id: str) -> None:
        way = [id]
        while (parent := self.ways[way[-1]]) is not None:
            way.append(parent)
        roots = (root for group in self.lines.root.children for root in group.children)
        place = next(root for root in roots if root.data == way[-1])
        if place.parent is not None:
            place.parent.expand()
        for step in reversed(way[:-1]):
            self._fill(place)
            place.expand()
            place = next(child for child in place.children if child.data == step)
        self.lines.go(place)


class TraceTree(Tree[str]):
    """Lines cut at the edge; a mark shows the cursor, so that colour is not needed."""

    DEFAULT_CSS = """
    TraceTree { width: 3fr; height: 1fr; overflow-x: hidden; overflow-y: scroll; }
    """

    def __init__(self) -> None:
        super().__init__("")
        self.show_root = False
        self.guide_depth = 3

    def go(self, place: TreeNode[str]) -> None:
        """Put the cursor on a line, which may have been hung up just now."""
        if self.last_line >= 0:  # asking for it numbers the lines anew
            self.cursor_line = place.line
        self.call_after_refresh(self.scroll_to_node, place, animate=False)

    def render_label(self, node: TreeNode[str], base_style: Style, style: Style) -> Text:
        """A mark, a sign for what opens, and as much of the label as there is room for."""
        mark = ("▸ " if self.has_focus else "▹ ") if node is self.cursor_node else "  "
        sign = ("− " if node.is_expanded else "+ ") if node.allow_expand else "· "
        label = Text(str(node.label), style=style)
        text = Text.assemble((mark, base_style), (sign, base_style + TOGGLE), label)
        depth = -2
        above: TreeNode[str] | None = node
        while above is not None:
            above, depth = above.parent, depth + 1
        room = self.scrollable_content_region.width - depth * self.guide_depth
        text.truncate(max(room, 8), overflow="ellipsis")
        return text


def _conclusions(advice: Advice, nodes: Mapping[str, Node]) -> Iterator[tuple[str, list[str]]]:
    """What the advice comes down to, in reading order, under headings."""
    said = [statement.node for statement in advice.statements]
    groups = [
        ("What to do", said[:1]),
        ("What may be wrong, likeliest first", [cause.node for cause in advice.diagnosis]),
        ("Why", said[1:]),
        ("Watch out", [warning.node for warning in advice.warnings]),
        ("How the figures come about", [figure.id for figure in main_figures(advice)]),
    ]
    for title, ids in groups:
        known = [id for id in dict.fromkeys(ids) if id in nodes]
        if known:
            yield title, known


def _ways(roots: list[str], nodes: Mapping[str, Node]) -> dict[str, str | None]:
    """Every node under ``roots`` in reading order, each with the one above it on one way to it."""
    above: dict[str, str | None] = dict.fromkeys(roots)
    ways: dict[str, str | None] = {}
    left = [*reversed(roots)]
    while left:
        id = left.pop()
        if id not in ways:
            ways[id] = above[id]
            for part in reversed(nodes[id].inputs):
                if part not in ways and part not in roots:
                    above[part] = id
                    left.append(part)
    return ways


def _label(node: Node) -> str:
    value = number(node.value, node.unit)
    told = value if value.startswith(node.label) else f"{node.label}: {value}"
    tail = {"given": " (you said)", "assumed": " (assumed)"}.get(node.kind, "")
    return visible(told, LONGEST_LABEL) + tail


def _details(node: Node, nodes: Mapping[str, Node], sources: Mapping[str, Source]) -> Content:
    """Everything the trace holds about a node, in words."""
    title = f"{node.rule} {node.label}" if node.rule else node.label
    texts = [Content.styled(clean(title), "bold"), Content(clean(number(node.value, node.unit)))]
    texts.append(Content(""))
    for heading, lines in _paragraphs(node, nodes, sources):
        texts.append(
            Content.assemble((f"{heading}: ", "bold"), clean(lines[0]) if len(lines) == 1 else "")
        )
        if len(lines) > 1:
            texts += [Content(clean(f"  {line}")) for line in lines]
    return Content("\n").join(texts)


def _paragraphs(
    node: Node, nodes: Mapping[str, Node], sources: Mapping[str, Source]
) -> Iterator[tuple[str, list[str]]]:
    yield "What it is", [KIND_WORDS[node.kind]]
    if node.kind not in ("given", "assumed"):
        weakest = ", no better than the weakest figure it rests on" if node.inputs else ""
        yield "How sure", [GRADE_WORDS[node.grade] + weakest]
    if node.formula:
        yield ("Because" if node.kind == "rule" else "Arithmetic"), [node.formula]
    if node.inputs:
        parts = (nodes[id] for id in node.inputs)
        heading = "It looked at" if node.kind == "rule" else "With"
        yield heading, [f"{part.label} = {number(part.value, part.unit)}" for part in parts]
    cited = [sources[id] for id in node.cites if id in sources]
    if cited:
        yield "Sources", [f"{s.title}. {s.locator} ({s.date}) [{s.id}]" for s in cited]
    others = [id for id in node.cites if id not in sources]
    if others:
        yield "Claims of the guide and errata", [", ".join(others)]
