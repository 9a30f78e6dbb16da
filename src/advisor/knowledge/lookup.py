"""Finding an entry by the words people use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from math import log

from advisor.model.catalog import Model

MAKERS = frozenset(
    ["nvidia", "geforce", "amd", "radeon", "intel", "apple", "mac", "macbook", "studio", "mini"]
)
TAILS = frozenset(["gpu", "graphics", "edition"])
VARIANTS = frozenset(["gguf", "awq", "gptq", "fp8", "mlx", "hf", "instruct", "it", "chat", "base"])
CLASS_CONTEXT_TOKENS = 131_072


class Unknown(KeyError):
    """A word that names nothing, or more than one thing.

    ``nearest`` holds the closest words; ``why`` says what is wrong with it where more is known
    than that it is not there.
    """

    def __init__(self, word: str, nearest: tuple[str, ...], why: str = "") -> None:
        super().__init__(word)
        self.word = word
        self.nearest = nearest
        self.why = why


def key_of(word: str) -> str:
    """``word`` without case, blanks, dashes, underscores and colons."""
    return "".join(parts_of(word))


def parts_of(word: str) -> list[str]:
    """The parts of ``word`` between blanks, dashes, underscores and colons, in lower case."""
    return [part for part in re.split(r"[\s_\-:]+", word.strip().lower()) if part]


def endings(word: str) -> Iterator[str]:
    """Keys of ``word`` from each of its parts on: the short forms people use."""
    parts = parts_of(word.rpartition("/")[2])
    return ("".join(parts[start:]) for start in range(len(parts)))


class Words:
    """Words that stand for slugs: whole ones, and endings that are shared by no other slug."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._slugs = {key_of(word): slug for word, slug in words.items()}
        self._endings: dict[str, set[str]] = {}
        for word, slug in words.items():
            for ending in endings(word):
                self._endings.setdefault(ending, set()).add(slug)

    def slug(self, word: str) -> str | None:
        """The slug of a whole word."""
        return self._slugs.get(key_of(word))

    def by_ending(self, *forms: str) -> tuple[str, ...]:
        """The slugs with one of ``forms`` as an ending, of the first that has any, sorted."""
        found = (self._endings.get(key_of(form)) for form in forms)
        return tuple(sorted(next(filter(None, found), ())))


def device_forms(word: str) -> tuple[str, str]:
    """``word``, and ``word`` without the maker's name in front and what drivers put around it."""
    parts = parts_of(re.sub(r"\((r|tm)\)", "", word, flags=re.IGNORECASE))
    while len(parts) > 1 and parts[-1] in TAILS:
        parts = parts[:-1]
    while len(parts) > 1 and (parts[0] in MAKERS or (parts[0] == "pro" and len(parts) > 2)):
        parts = parts[1:]
    return word, "-".join(parts)


def sized_word(word: str) -> tuple[str, float | None]:
    """``rtx-3090-24gb`` as name and GB; an empty name where no memory stands behind it."""
    sized = re.fullmatch(r"(.*\w)[\s_-]+(\d+)[\s_-]?gb", word.strip(), re.IGNORECASE)
    return (sized[1], float(sized[2])) if sized else ("", None)


def model_forms(word: str) -> tuple[str, ...]:
    """``word`` without its owner, then without the words that name a variant of the files."""
    name = word.rpartition("/")[2]
    forms = [name]
    parts = parts_of(name)
    while len(parts) > 1 and parts[-1] in VARIANTS:
        parts = parts[:-1]
        forms.append("-".join(parts))
    return tuple(forms)


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

    The shape is that of the catalogue's nearest model of the kind (a plain one for a dense class:
    the same cache in every layer), its weights scaled; every figure that follows is graded as
    assumed. Nothing is known of the context it was built for, so 131,072 tokens are assumed.
    """
    match = SIZE_CLASS.fullmatch(word.strip().lower())
    if match is None:
        return None
    total = float(match["total"])
    stated = float(match["active"]) if match["active"] else None
    if not 0 < total <= 100_000 or (stated is not None and not 0 < stated <= total):
        return None
    moe = stated is not None or match["kind"] == "moe"
    if stated is not None and match["kind"] == "dense":
        return None
    alike = [m for m in models if m.grade != "assumed" and (m.experts is not None) == moe]

    def distance(model: Model) -> float:
        active = abs(log(model.active_params_b / stated)) / 2 if stated else 0.0
        return abs(log(model.total_params_b / total)) + active

    plain = [m for m in alike if moe or _is_plain(m)]
    like = min(plain, key=lambda m: (distance(m), m.slug))
    active = stated or total * like.active_params_b / like.total_params_b
    name = f"a {total:g}B " + (
        f"mixture of experts, {active:.3g}B active" if moe else "dense model"
    )
    return like.model_copy(
        update={
            "unloaded_params_b": 0.0,
            "slug": "-".join(parts_of(word)),
            "name": f"{name}, shaped like {like.name}",
            "hub_id": None,
            "aliases": (),
            "total_params_b": total,
            "active_params_b": active,
            "max_context_tokens": CLASS_CONTEXT_TOKENS,
            "native_quant": None,
            "grade": "assumed",
        }
    )


def _is_plain(model: Model) -> bool:
    group = model.attention[0]
    same = len(model.attention) == 1 and group.kind == "gqa" and group.window is None
    return same and 4 <= group.kv_heads < model.heads
