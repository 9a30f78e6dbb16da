"""Text that is laid out anew for every width."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.content import Content
from textual.css.styles import RulesMap
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widgets import Static

LayOut = Callable[[int], Content]
"""What to show in so many columns."""


class Fitted(Static):
    """Shows what ``lay_out`` makes of the width there is."""

    def __init__(self, lay_out: LayOut, *, id: str | None = None, classes: str = "") -> None:
        super().__init__(_Laid(lay_out), id=id, classes=classes)
        self._lay_out = lay_out

    def lay(self, lay_out: LayOut) -> None:
        """Show something else."""
        self._lay_out = lay_out
        self.update(_Laid(lay_out))

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """The text under the mouse's selection, as it is laid out now."""
        return selection.extract(self._lay_out(self.content_size.width).plain), "\n"


class _Laid(Visual):
    def __init__(self, lay_out: LayOut) -> None:
        self._lay_out = lay_out
        self._last: tuple[int, Content] | None = None

    def _at(self, width: int) -> Content:
        if self._last is None or self._last[0] != width:
            self._last = width, self._lay_out(width)
        return self._last[1]

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        return self._at(width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._at(width).get_height(rules, width)


def hanging(text: Content, width: int, first: str = "", rest: str = "") -> Content:
    """``text`` wrapped, behind ``first`` in its first line and ``rest`` in those below."""
    lines = text.wrap(max(2, width - Content(first or rest).cell_length))
    heads = [first, *[rest] * (len(lines) - 1)]
    return Content("\n").join(Content(head) + line for head, line in zip(heads, lines, strict=True))


def flowing(items: Iterable[Content], width: int, gap: str = "   ") -> Content:
    """As many items in a line as fit, none of them broken across two unless it is wider."""
    lines: list[Content] = []
    for item in items:
        if lines and (lines[-1] + gap + item).cell_length <= width:
            lines[-1] += gap + item
        else:
            lines.append(item)
    return Content("\n").join(lines)
