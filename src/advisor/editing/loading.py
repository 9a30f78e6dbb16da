"""What keeps the tables of a knowledge base from loading."""

from __future__ import annotations

from functools import cached_property

from advisor.errors import InputError, Problem
from advisor.knowledge import Knowledge
from advisor.knowledge.vendor_tools import tools_of


def table_problems(*bases: Knowledge) -> list[Problem]:
    """Every fault of every table, each once though several tables may meet it."""
    out: dict[Problem, None] = {}
    for base in bases:
        for holder in (base, base.targets, base.faq):
            for name in dir(type(holder)):
                if isinstance(getattr(type(holder), name), cached_property):
                    try:
                        getattr(holder, name)
                    except InputError as error:
                        out.update(dict.fromkeys(error.problems))
        try:
            tools_of(base, (), "any")
        except InputError as error:
            out.update(dict.fromkeys(error.problems))
    return list(out)
