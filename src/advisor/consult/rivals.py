"""The builds next in line as facts, each with how the recommended one compares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.model.facts import Fact
from advisor.model.quantity import Value, calculated

from .judged import Judged

COMPARED = {
    "price": "price_mid_usd",
    "speed": "per_user_tok_s",
    "prefill": "prefill_tok_s",
}


def rivals(pick: Judged, others: Sequence[Judged]) -> Iterator[Fact]:
    """The builds after the recommended one, each with how the recommended one compares."""
    kinds: set[tuple[Value, Value]] = set()
    forms: set[tuple[Value, Value]] = set()
    for place, other in enumerate(others, 1):
        fact = other.fact
        yield Fact.model_construct(
            kind="rival", name=other.slug, values=fact.values, nodes=fact.nodes
        )
        kind = fact.values["device"], fact.values["device_count"]
        form = fact.values["vendor"], fact.values["form"]
        values: dict[str, Value] = {
            "rival": other.slug,
            "place": place,
            "first_of_kind": kind not in kinds,
            "first_of_form": form not in forms,
        }
        kinds.add(kind)
        forms.add(form)
        both = pick.fact.nodes["slug"], fact.nodes["slug"]
        place_node = calculated(
            f"contrast.{other.slug}",
            "place after the recommended build",
            place,
            "",
            "order of the ranking",
            both,
        )
        nodes = dict.fromkeys(values, place_node)
        for name, figure in COMPARED.items():
            mine, theirs = float(pick.fact.values[figure]), float(fact.values[figure])
            if mine > 0 < theirs:
                values[f"{name}_percent"] = share = 100 * mine / theirs
                nodes[f"{name}_percent"] = calculated(
                    f"contrast.{other.slug}.{name}",
                    f"{name} against {other.slug}",
                    share,
                    "%",
                    "100 x the recommended build / the other",
                    (pick.fact.nodes[figure], fact.nodes[figure]),
                )
        yield Fact(kind="contrast", name=other.slug, values=values, nodes=nodes)
