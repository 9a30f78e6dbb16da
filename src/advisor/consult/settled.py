"""Builds whose rejection a change of one wish cannot lift: they need not be judged again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from advisor.model.facts import Fact
from advisor.rulebase import Rule
from advisor.rulebase.rule import SameRef

from .judged import Judged
from .ranking import rejections

BY_REQUEST = frozenset(
    {
        *("kv_gib", "required_gib", "headroom_gib", "full_kv_headroom_gib", "ram_gib"),
        *("weights_gib", "compute_gib", "reserve_gib", "usable_gib", "total_gib"),
        *("max_context_tokens", "max_users", "context_beyond_model", "ram_short_gib"),
        *("decode_low_tok_s", "decode_tok_s", "decode_high_tok_s", "aggregate_tok_s"),
        *("per_user_tok_s", "per_user_low_tok_s", "speed_gap_tok_s"),
    }
)
TOUCHED: dict[str, frozenset[str]] = {
    "budget_usd": frozenset({"over_budget_usd", "over_budget_mid_usd", "over_budget_high_usd"}),
    "context_tokens": BY_REQUEST,
    "min_tok_s": frozenset({"speed_gap_tok_s"}),
    "noise": frozenset({"over_noise"}),
    "power_limit_w": frozenset({"over_power_w"}),
    "priorities": frozenset(),
    "rent_ok": frozenset(),
    "users": BY_REQUEST,
    "workload": frozenset(),
}
"""The attributes of a build that a field of the profile can change; fields that are not here can
change anything."""


def settled(
    builds: Iterable[Judged], field: str, before: Fact, after: Fact, overridden: frozenset[str]
) -> dict[str, Judged]:
    """The builds that stay rejected when ``field`` changes the profile fact from one to the other.

    A rejection stays where its rule reads nothing that changes, asks for no missing fact, and is
    not one of the ``overridden`` codes that another rule may take back.
    """
    touched = TOUCHED.get(field)
    if touched is None:
        return {}
    changed = {
        name
        for name in before.values.keys() | after.values.keys()
        if before.values.get(name) != after.values.get(name)
    }
    moving: dict[str, AbstractSet[str]] = {"build": touched, "profile": changed, "model": set()}
    stays: dict[str, bool] = {}
    out: dict[str, Judged] = {}
    for build in builds:
        for verdict in rejections(build):
            code = verdict.rule
            if code not in stays:
                stays[code] = code not in overridden and _unmoved(verdict.source, moving)
            if stays[code]:
                out[build.fact.name] = build
                break
    return out


def _unmoved(rule: Rule, moving: Mapping[str, AbstractSet[str]]) -> bool:
    """Whether a rule reads only what does not move."""
    if rule.unless or any(pattern.template not in moving for pattern in rule.when):
        return False
    return not any(
        name in moving[pattern.template]
        for pattern in rule.when
        for test in pattern.tests
        for name in (
            test.attribute,
            *((test.operand.same,) if isinstance(test.operand, SameRef) else ()),
        )
    )
