"""Finding an entry by the words people use."""

from __future__ import annotations

import re
from collections.abc import Iterable

from advisor.model.catalog import Model


class Unknown(KeyError):
    """A word that names nothing; ``nearest`` holds the closest words."""

    def __init__(self, word: str, nearest: tuple[str, ...]) -> None:
        super().__init__(word)
        self.word = word
        self.nearest = nearest


def key_of(word: str) -> str:
    """``word`` without case, blanks, dashes and underscores."""
    return re.sub(r"[\s_\-]+", "", word.strip().lower())


def nearest_words(word: str, words: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The closest of ``words``."""
    from rapidfuzz import fuzz, process

    found = process.extract(word.lower(), list(words), scorer=fuzz.WRatio, limit=most)
    return tuple(name for name, score, _ in found if score >= 60)


SIZE_CLASS = re.compile(
    r"(?P<total>\d+(?:\.\d+)?)b(?:[-\s]*a(?P<active>\d+(?:\.\d+)?)b)?(?:[-\s]*(?P<kind>dense|moe))?"
)


def size_class(word: str, models: Iterable[Model]) -> Model | None:
    """A model for ``70B``, ``70b-dense``, ``235B-A22B`` or ``200B MoE``.

    The shape is that of the catalogue's nearest model of the kind, its weights scaled; every figure
    that follows is graded as assumed.
    """
    match = SIZE_CLASS.fullmatch(word.strip().lower())
    if match is None:
        return None
    total = float(match["total"])
    if not 0 < total <= 100_000:
        return None
    moe = match["active"] is not None or match["kind"] == "moe"
    alike = [m for m in models if (m.experts is not None) == moe and m.grade != "assumed"]
    like = min(alike, key=lambda m: (abs(m.total_params_b - total), m.slug))
    active = (
        float(match["active"])
        if match["active"]
        else total * like.active_params_b / like.total_params_b
        if moe
        else total
    )
    name = f"a {total:g}B " + (f"mixture of experts, {active:g}B active" if moe else "dense model")
    return like.model_copy(
        update={
            "slug": word.strip().lower().replace(" ", "-"),
            "name": f"{name}, shaped like {like.name}",
            "hub_id": None,
            "aliases": (),
            "total_params_b": total,
            "active_params_b": active,
            "native_quant": None,
            "grade": "assumed",
        }
    )
