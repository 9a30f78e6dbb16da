"""Sentences with places for figures, filled from the facts a rule matched."""

from __future__ import annotations

import re
from collections.abc import Mapping

from advisor.model.facts import Fact
from advisor.model.quantity import Quantity, Value

PLACE = r"\{([a-z_]+)\.([a-z0-9_\-]+)(?::(-?[,.0-9f]+))?\}"


def say(template: str, matched: Mapping[str, Fact], parameters: Mapping[str, Quantity]) -> str:
    """``template`` with {alias.attribute} and {parameter.id} filled in.

    ``{build.headroom_gib:.1f}`` says how to write a number; a minus in front turns its sign, for
    the distance below a limit: ``{build.headroom_gib:-.1f} GiB short``.
    """

    def fill(match: re.Match[str]) -> str:
        alias, name, form = match.groups()
        value = parameters[name].value if alias == "parameter" else matched[alias].values.get(name)
        if value is None:
            return "unknown"
        if form and not isinstance(value, str | bool):
            return format(-value if form.startswith("-") else value, form.removeprefix("-"))
        return shown(name, value)

    return re.sub(PLACE, fill, template)


def shown(name: str, value: Value) -> str:
    """A value as people read it, by the unit in its name."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if name.endswith(("_usd", "-usd")):
        return f"${value:,.0f}"
    if isinstance(value, int) or name.endswith(("_w", "_tokens", "_days")):
        return f"{value:,.0f}"
    if name.endswith("_tok_s"):
        return f"{value:.1f}" if value < 10 else f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:g}" if value == int(value) else f"{value:.1f}"
