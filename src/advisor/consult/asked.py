"""Plain data, from the command line or one line of a batch, as a configuration to estimate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from advisor.errors import InputError, Problem, nearest, shown
from advisor.model.estimate import KV_WORDS, LINK_WORDS, SPLIT_WORDS, Asked
from advisor.profiles.numbers import ACCEPTED, Kind, Unclear, is_text, read_number

FIELDS = (
    "id",
    "rig",
    "link",
    "model",
    "quant",
    "context",
    "prompt_tokens",
    "users",
    "kv",
    "split",
    "runtime",
    "gpu_layers",
    "cpu_experts",
    "power_cap_w",
    "ram_gb_s",
)
NUMBERS: dict[str, tuple[Kind, float, float]] = {
    "context": ("tokens", 1, 10_485_760),
    "prompt_tokens": ("tokens", 0, 10_485_760),
    "users": ("count", 1, 100_000),
    "gpu_layers": ("count", 0, 10_000),
    "power_cap_w": ("w", 1, 10_000),
    "ram_gb_s": ("gb", 1, 100_000),
}
CLOSED = {"kv": KV_WORDS, "split": SPLIT_WORDS, "link": LINK_WORDS}
GONE = {("split", "row"): ("llama.cpp's split by rows is deprecated; tp took its place", "tp")}
"""Words that were accepted elsewhere: what became of them, and what stands for them."""
EXAMPLES = {"rig": "2x rtx-3090", "model": "llama-3.3-70b", "quant": "q4_k_m", "runtime": "vllm"}
DEFAULT_CONTEXT: int = Asked.model_fields["context_tokens"].default
NAMES = {"context": "context_tokens"}
"""Fields that have another name in ``Asked``."""


def asked_from(data: Mapping[str, Any], file: str, line: int | None = None) -> Asked:
    """The configuration that ``data`` states.

    ``file`` and ``line`` say where it is written. Raises InputError with a problem for every fault.
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {}

    def fail(field: str, what: str, accepted: str, near: str | None = None) -> None:
        found = shown(data[field]) if field in data else None
        problems.append(Problem(file, what, line, field, found, accepted, near))

    for field in data:
        if field not in FIELDS:
            fail(field, "there is no such field here", ", ".join(FIELDS), nearest(field, FIELDS))
    for field in FIELDS:
        value = data.get(field)
        if value is None:
            if field in ("rig", "model"):
                fail(field, "this field is missing", f"for example {EXAMPLES[field]}")
        elif field == "id":
            values[field] = value
        elif field == "cpu_experts":
            values[field] = value
            if not isinstance(value, bool):
                fail(field, "this must be true or false", "true or false")
        elif field in NUMBERS:
            values[NAMES.get(field, field)] = _number(field, value, fail)
        elif not isinstance(value, str) or not is_text(value) or not value.strip():
            words = CLOSED.get(field)
            accepted = ", ".join(words) if words else f"for example {EXAMPLES[field]}"
            fail(field, "this must be text", accepted)
        elif field in CLOSED and value.strip().lower() not in CLOSED[field]:
            otherwise = "this word is not accepted", nearest(value, CLOSED[field])
            what, near = GONE.get((field, value.strip().lower()), otherwise)
            fail(field, what, ", ".join(CLOSED[field]), near)
        elif len(value) > 4096:
            fail(field, "this text is too long", "at most 4,096 characters")
        else:
            values[field] = value.strip().lower() if field in CLOSED else value.strip()
    prompt, context = values.get("prompt_tokens"), values.get("context_tokens")
    if prompt is not None and context is not None and prompt > context:
        fail("prompt_tokens", "this is more than the context", f"at most {context:,}")
    if problems:
        raise InputError(*problems)
    if prompt is not None and context is None:
        values["context_tokens"] = max(prompt, DEFAULT_CONTEXT)
    if values.get("link") == "none":  # of one device, or not known
        values["link"] = None
    stated = frozenset(NAMES.get(field, field) for field in FIELDS if data.get(field) is not None)
    return Asked(**values, given=stated)


def _number(field: str, value: Any, fail: Callable[..., None]) -> float | None:
    kind, least, most = NUMBERS[field]
    if field == "ram_gb_s" and isinstance(value, str):
        value = value.removesuffix("/s")
    try:
        number = read_number(value, kind).value
    except Unclear as unclear:
        fail(field, str(unclear), ACCEPTED[kind])
        return None
    if not least <= number <= most:
        fail(field, "this is out of range", f"{least:,g} to {most:,}")
    return number if kind in ("tokens", "count") else float(number)
