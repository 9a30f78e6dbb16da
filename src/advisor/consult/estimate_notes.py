"""What an estimate says in words; the sentences stand in knowledge/estimate-notes.yaml."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.knowledge import Knowledge
from advisor.model.plan import Rig, Sized
from advisor.model.quantity import Quantity

from .estimating import OFFLOADS, Estimated, Obstacle, fixed
from .launch_fields import wired_limit_mb

SPLITS = {"layer": "layer split", "tensor": "tensor parallelism"}
BRIDGES = {"nvlink": "NVLink", "nvswitch": "NVSwitch"}
DEFAULTS = {"context_tokens": "context {:,} tokens", "users": "users {}", "kv": "kv {}"}


def notes(estimated: Estimated, knowledge: Knowledge) -> list[str]:
    """The sentences that apply: what stands in the way first, what was assumed last."""
    every = (
        *_named(estimated),
        *estimated.obstacles,
        *_soft(estimated, knowledge),
        *_room(estimated, knowledge),
        *_speed(estimated, knowledge),
        *_bounds(estimated),
        *_link(estimated),
        *_assumed(estimated, knowledge),
    )
    return [knowledge.estimate_notes[name].format(**values) for name, values in every]


def longer(estimated: Estimated, knowledge: Knowledge) -> bool:
    """Whether a narrower cache is worth a word: it makes the context fit, or a far longer one."""
    whole, narrow = estimated.whole, estimated.narrow
    if narrow is None:
        return False
    if whole.numbers["headroom_gib"] < 0:
        return narrow.numbers["headroom_gib"] >= 0
    worth = knowledge.parameter("longer-worth-telling").number
    return narrow.numbers["max_context_tokens"] > worth * whole.numbers["max_context_tokens"]


def _named(estimated: Estimated) -> Iterator[Obstacle]:
    for word, other in estimated.on.stand_ins:
        yield "superseded", {"word": word, "stands_for": other.stands_for}
    if estimated.asked.cpu_experts and estimated.model.experts is None:
        yield "no-experts", {"model": estimated.model.name}


def _soft(estimated: Estimated, knowledge: Knowledge) -> Iterator[Obstacle]:
    """What the catalogue does not know the runtime to do, though it may start."""
    plan = estimated.sized.plan
    runtime = knowledge.runtimes[plan.runtime]
    if plan.split in runtime.experimental:
        yield "experimental-split", {"runtime": runtime.name}
    elif plan.split in SPLITS and plan.split not in runtime.splits:
        yield "no-such-split", {"runtime": runtime.name, "split": SPLITS[plan.split]}
    if plan.kv not in runtime.kv_flags:
        accepted = ", ".join(runtime.kv_flags)
        yield "cache-unsupported", {"runtime": runtime.name, "kv": plan.kv, "accepted": accepted}


def _room(estimated: Estimated, knowledge: Knowledge) -> Iterator[Obstacle]:
    """Whether it fits, and what would make it."""
    asked, whole, sized = estimated.asked, estimated.whole, estimated.sized
    numbers, members = whole.numbers, whole.plan.rig.members
    short = -numbers["headroom_gib"]
    values: dict[str, object]
    if not members:
        held = numbers["weights_gib"] + numbers["kv_gib"]
        yield "processor-alone", {"ram": f"{held:.1f}"}
    if short > 0 and members:
        yield "short-by", {"short": f"{short:.1f}" if short >= 0.1 else f"{short:.2f}"}
    limit = wired_limit_mb(whole, knowledge)
    if limit is not None:
        yield "wired-limit", {"limit": limit}
    if estimated.narrow is not None and longer(estimated, knowledge):
        ends = (one.numbers["max_context_tokens"] for one in (whole, estimated.narrow))
        wide, narrow = (f"{end:,.0f}" for end in ends)
        values = {"context": f"{asked.context_tokens:,}", "narrow": estimated.narrow.plan.kv}
        values |= {"longest": wide, "longest_narrow": narrow}
        yield "eight-bits" if short > 0 else "eight-bits-short", values
    if whole is not sized:
        yield "offloaded", {"ram": f"{sized.numbers['ram_gib']:.1f}"}
    elif short > 0 and not estimated.obstacles:
        cards = all(member.device.form != "machine" for member in members)
        open_way = asked.split != "auto" and cards and not fixed(asked)
        takes = {*OFFLOADS} & {*knowledge.runtimes[whole.plan.runtime].splits}
        yield ("offload-possible" if open_way and takes else "no-way"), {}


def _speed(estimated: Estimated, knowledge: Knowledge) -> Iterator[Obstacle]:
    asked, sized = estimated.asked, estimated.sized
    numbers = sized.numbers
    most = int(numbers["max_users"])
    if 0 < most < asked.users:
        yield "crowded", {"users": f"{asked.users:,}", "most": f"{most:,}"}
    if asked.power_cap_w is not None and numbers["kept_under_cap"] < 1:
        kept = f"{100 * numbers['kept_under_cap']:.0f}"
        yield "power-cap", {"cap": f"{asked.power_cap_w:g}", "kept": kept}
    ram = knowledge.parameter("ram-gb-s")
    if sized.plan.split in OFFLOADS and asked.ram_gb_s is None:
        yield "ram-assumed", {"ram_gb_s": f"{ram.number:g}"}
    guessed = [node.label for node in _guessed(sized) if node.id != ram.id]
    if guessed:
        yield "unmeasured", {"what": "; ".join(dict.fromkeys(guessed))}
    wide = knowledge.parameter("wide-range").number
    if numbers["decode_high_tok_s"] >= wide * numbers["decode_low_tok_s"]:
        yield "wide-range", {}


def _guessed(sized: Sized) -> Iterator[Quantity]:
    """The parameters behind the decode speed that no measurement stands behind."""
    for part in sized.figures["decode_tok_s"].inputs:
        for node in part.inputs:
            if node.grade == "assumed" and node.id.startswith("parameter."):
                yield node


def _bounds(estimated: Estimated) -> Iterator[Obstacle]:
    model = estimated.model
    if estimated.asked.context_tokens > model.max_context_tokens:
        yield "beyond-model", {"most": f"{model.max_context_tokens:,}"}
    if model.grade == "assumed":
        yield "assumed-model", {"model": model.name}


def _link(estimated: Estimated) -> Iterator[Obstacle]:
    on, rig = estimated.on, estimated.sized.plan.rig
    if on.refused is not None:
        yield "link-refused", {"word": on.refused, "link": link_words(rig)}
    elif on.narrower is not None:
        yield "link-narrower", {"word": on.narrower, "link": link_words(rig)}
    elif estimated.asked.link is None and rig.device_count > 1:
        yield "link-assumed", {"link": link_words(rig)}


def link_words(rig: Rig) -> str:
    """The link of a rig with its speed."""
    rate = rig.link_gb_s
    if rate is None:
        return rig.link
    name = BRIDGES.get(rig.link, rate.label.partition(", ")[0])
    return f"{name} at {rate.number:.3g} GB/s each way"


def _assumed(estimated: Estimated, knowledge: Knowledge) -> Iterator[Obstacle]:
    asked, plan = estimated.asked, estimated.sized.plan
    if asked.quant == "auto":
        own = plan.quant.slug == plan.model.native_quant
        runtime = knowledge.runtimes[plan.runtime].name
        name = "quant-native" if own else "quant-chosen"
        yield name, {"quant": plan.quant.name, "runtime": runtime}
    left = [words for name, words in DEFAULTS.items() if name not in asked.given]
    values = [getattr(asked, name) for name in DEFAULTS if name not in asked.given]
    if left:
        what = ", ".join(words.format(value) for words, value in zip(left, values, strict=True))
        yield "defaults", {"what": what}
