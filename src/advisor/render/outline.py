"""One advice as a format-neutral document, so that the formats cannot drift apart."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.model.advice import Advice, Build, Fit, Launch, Speed, Step
from advisor.model.quantity import Node

from . import contrasts
from .blocks import (
    Block,
    Code,
    Items,
    Section,
    Table,
    Text,
    Tree,
    clean,
    number,
    plain,
    rates,
    room,
    to_pay,
    usd,
    watts,
)

GRADE_WORDS = {
    "measured": "measured",
    "vendor-spec": "vendor's figure",
    "derived": "worked out",
    "editorial-estimate": "estimate",
    "assumed": "assumed",
}
HEADLINE_FIGURES = (
    "guide_weights_gb",
    "guide_room_gb",
    "weights_gib",
    "kv_gib",
    "headroom_gib",
    "max_context_tokens",
    "decode_tok_s",
    "prefill_tok_s",
    "system_w",
    "psu_needed_w",
    "usd_per_year",
    "gentle_cap_loses_percent",
)
SUMMED_UP = 3
GUIDE_VIEW = "The guide's own figures and decisions alone; where the evidence differs stands below."
COVERS = {"cards": "the cards alone", "system": "the whole machine"}


def outline(advice: Advice) -> list[Section]:
    """The advice in reading order: the whole answer first, then what stands behind it."""
    sections = [_answer(advice), _diagnosis(advice)]
    build = advice.recommendation
    sections += [contrasts.what_if(advice), contrasts.why_not(advice), _statements(advice)]
    if build is not None:
        sections += [
            _cost(build),
            _power(build),
            fit_section(build.fit),
            speed_section(build.speed),
            _run(build, advice.profile["os"]),
            _verify(build),
        ]
    sections += [
        _warnings(advice),
        contrasts.alternatives(advice),
        contrasts.ranking(advice),
        contrasts.changes(advice),
        contrasts.rejected(advice),
        _assumed(advice),
        _dissent(advice),
        _figures(advice),
        _sources(advice),
    ]
    return [section for section in sections if section.blocks]


def _answer(advice: Advice) -> Section:
    section = Section(clean(advice.name))
    if advice.view == "guide":
        section.blocks.append(Text(GUIDE_VIEW))
    if advice.statements:
        section.blocks.append(Text(clean(advice.statements[0].text)))
    build = advice.recommendation
    rows: list[tuple[str, str]] = [("verdict", advice.verdict)]
    if build is not None:
        price = build.price_usd
        whole = price.high and not any(device.owned for device in build.devices)
        covers = f" for {COVERS[price.covers]}" if whole else ""
        dated = f", prices of {price.as_of}" if price.as_of else ""
        rows += [
            ("build", f"{clean(build.title)} ({build.slug})"),
            ("to pay", f"{to_pay(build)}{covers}{dated}"),
            *room(build.fit),
            ("speed", f"{rates(build.speed.decode_tok_s)} for one user"),
            (
                "how",
                f"split: {build.split}; program: {build.runtime}; weights: {build.quant}; "
                f"KV cache: {build.kv}",
            ),
            ("power", f"{watts(build)}; noise: {build.noise}"),
        ]
    if advice.asks:
        rows.append(("please state", ", ".join(advice.asks)))
    worst = [warning.id for warning in advice.warnings[:SUMMED_UP]]
    if worst:
        rows.append(("mind", ", ".join(worst)))
    section.blocks.append(Table(("", ""), tuple(rows)))
    if build is not None:
        section.blocks.append(Code(_line(build.launch, advice.profile["os"])))
    return section


def _diagnosis(advice: Advice) -> Section:
    """The causes in the order to check them, each with what shows and what cures it."""
    items = []
    for cause in advice.diagnosis:
        more = [clean(f"Fix: {cause.fix}")]
        if cause.check:
            more.insert(0, clean(f"Check: {cause.check}"))
        text = f"{cause.rank}. {cause.likelihood}: {cause.text} [{cause.id}, {cause.rule}]"
        items.append((clean(text), (f"Explains: {', '.join(cause.explains)}", *more)))
    title = "What may be wrong, likeliest first"
    return Section(title, [Items(tuple(items))] if items else [])


def _statements(advice: Advice) -> Section:
    texts = [Text(clean(statement.text)) for statement in advice.statements[1:]]
    return Section("Why", [*texts])


def _cost(build: Build) -> Section:
    price = build.price_usd
    section = Section("What it costs")
    if price.as_of == "":
        section.blocks.append(Text("Nothing has to be bought."))
    if not price.items:
        return section
    rows = [
        (clean(item.what), "$0, owned" if item.owned else usd(item.low, item.high), item.as_of)
        for item in price.items
    ]
    rows.append(("in all", usd(price.low, price.high), ""))
    section.blocks.append(Table(("part", "price", "as of"), tuple(rows)))
    if price.as_of:
        old = f"Oldest price: {price.as_of}, up to {price.age_days:,} days old."
        section.blocks.append(Text(old))
    return section


def _power(build: Build) -> Section:
    power = build.power
    told = (
        ("doing nothing", power.idle_w),
        ("decoding", power.decode_w),
        ("everything at its limit", power.system_w),
    )
    rows = [(label, f"{draw:,.0f} W") for label, draw in told if draw is not None]
    if not power.system_w:
        return Section("What it draws")
    if power.circuit_w is not None and power.circuit_share is not None:
        verdict = "it holds" if power.circuit_share <= 1 else "too much"
        rows.append(
            (
                f"of the {power.circuit_w:,.0f} W that {power.circuit} carries for hours",
                f"{power.circuit_share:.0%}, {verdict}",
            )
        )
    if power.psu_w and power.transient_w is not None:
        rows += [
            ("load spikes of one machine", f"{power.transient_w:,.0f} W"),
            ("supply that rides them out", f"{power.psu_w:,.0f} W"),
        ]
    if power.heat_btu_h is not None and power.usd_per_year is not None:
        rows += [
            ("heat at the limit", f"{power.heat_btu_h:,.0f} BTU/h"),
            ("electricity a year", f"${power.usd_per_year:,.0f}"),
        ]
    if power.gentle_cap_saves_w:
        rows.append(
            (
                f"each card capped at {power.gentle_cap_w:,.0f} W",
                f"{power.gentle_cap_saves_w:,.0f} W less at the limit, "
                f"{power.gentle_cap_loses_percent:.0f} % less decode speed",
            )
        )
    return Section("What it draws", [Table(("", "at the wall"), tuple(rows))])


def fit_section(fit: Fit) -> Section:
    """Memory in all and by device."""
    told = (
        ("weights", fit.weights_gib),
        ("KV cache", fit.kv_gib),
        ("compute buffers", fit.compute_gib),
        ("needed in all", fit.required_gib),
        ("kept free", fit.reserve_gib),
        ("memory in all", fit.total_gib),
    )
    rows = [(label, f"{gib:.1f}") for label, gib in told if gib is not None]
    devices = tuple(
        (
            f"{d.index} {d.device}",
            str(d.layers),
            f"{d.weights_gib:.1f}",
            f"{d.kv_gib:.1f}",
            f"{d.compute_gib:.1f}",
            f"{d.used_gib:.1f}",
            f"{d.capacity_gib:.1f}",
        )
        for d in fit.devices
    )
    head = ("device", "layers", "weights", "cache", "buffers", "used", "of GiB")
    tables = [Table(("", "GiB"), tuple(rows)), *([Table(head, devices)] if devices else [])]
    return Section("What fits", [*tables])


def speed_section(speed: Speed) -> Section:
    """Tokens a second, as ranges."""
    if speed.limited_by is None:
        return Section("How fast")
    rows = [("one user, decode", rates(speed.decode_tok_s))]
    if speed.prefill_tok_s is not None:
        rows.append(("reading the prompt", rates(speed.prefill_tok_s)))
    rows += [
        ("all users together", rates(speed.aggregate_decode_tok_s)),
        ("limited by", speed.limited_by),
    ]
    return Section(
        "How fast",
        [
            Table(("", ""), tuple(rows)),
            Text("A range is meant to hold eight of ten measured machines."),
        ],
    )


def _run(build: Build, system: object) -> Section:
    launch = build.launch
    blocks: list[Block] = [
        *_steps("First:", launch.prepare),
        Code(_line(launch, system)),
        *_steps("Then, while it runs:", launch.then),
        *(Text(clean(note)) for note in launch.notes),
    ]
    return Section("How to run it", blocks)


def _line(launch: Launch, system: object) -> str:
    """The command with its settings, in the words of the shell that system comes with."""
    if system != "windows":
        return clean(launch.line)
    settings = [f"$env:{name} = '{value}'" for name, value in launch.env.items()]
    return clean("; ".join([*settings, launch.command]))


def _steps(heading: str, steps: tuple[Step, ...]) -> Iterator[Block]:
    if steps:
        yield Text(heading)
    for step in steps:
        yield Code(clean(step.command))
        yield Text(clean(step.why))


def _verify(build: Build) -> Section:
    section = Section("Check after building")
    for check in build.verify:
        section.blocks += [Code(clean(check.command)), Text(clean(f"Expect {check.expect}."))]
    return section


def _warnings(advice: Advice) -> Section:
    items = []
    for warning in advice.warnings:
        more = [clean(f"Do: {warning.fix}")]
        if warning.check:
            more.insert(0, clean(f"Check: {warning.check}"))
        text = f"{warning.severity}: {warning.text} [{warning.id}, {warning.rule}]"
        items.append((clean(text), tuple(more)))
    return Section("Watch out", [Items(tuple(items))] if items else [])


def _assumed(advice: Advice) -> Section:
    section = Section("Assumed")
    if advice.assumed:
        shown = [f"{field} = {plain(field, advice.profile[field])}" for field in advice.assumed]
        section.blocks.append(Text(clean("Not stated, so taken as: " + "; ".join(shown) + ".")))
    if advice.readings:
        section.blocks.append(Text(clean("Read as: " + "; ".join(advice.readings) + ".")))
    return section


def _dissent(advice: Advice) -> Section:
    items = tuple(
        (
            clean(f"{d.erratum}: the guide says {d.guide_says}"),
            (clean(f"The evidence: {d.evidence_says}"), f"Used here: {d.used}."),
        )
        for d in advice.dissent
    )
    return Section("Where the guide differs", [Items(items)] if items else [])


def main_figures(advice: Advice) -> list[Node]:
    """The figures of the recommendation that everything else is summed up in."""
    build = advice.recommendation
    if build is None:
        return []
    nodes = {node.id: node for node in advice.trace}
    plan = f"{build.slug}:{build.split}:{build.runtime}:{build.quant}:{build.kv}"
    weights = next((id for id in nodes if id.endswith(f".{build.quant}.weights_gib")), plan)
    roots = [weights, *(f"{plan}.{name}" for name in HEADLINE_FIGURES)]
    roots += [f"build.{build.slug}.price_low_usd", f"build.{build.slug}.price_high_usd"]
    return [nodes[root] for root in roots if root in nodes]


def _figures(advice: Advice) -> Section:
    nodes = {node.id: node for node in advice.trace}
    seen: set[str] = set()
    lines: list[tuple[int, str]] = []
    for root in main_figures(advice):
        lines += tree(root, nodes, seen, 0)
    return Section("How the figures come about", [Tree(tuple(lines))] if lines else [])


def tree(
    node: Node, nodes: dict[str, Node], seen: set[str], depth: int
) -> Iterator[tuple[int, str]]:
    """A node, then what it was made from; a node seen before is only named."""
    text = f"{node.label}: {number(node.value, node.unit)}"
    if node.id in seen:
        yield depth, clean(f"{text} (above)")
        return
    seen.add(node.id)
    tail = [GRADE_WORDS[node.grade]]
    if node.formula and node.kind == "calculation":
        text += f" = {node.formula}"
    if node.cites:
        tail.append(", ".join(node.cites))
    if node.kind == "given":
        tail = ["you said"]
    yield depth, clean(f"{text} ({'; '.join(tail)})")
    for id in node.inputs:
        yield from tree(nodes[id], nodes, seen, depth + 1)


def _sources(advice: Advice) -> Section:
    items = tuple((clean(f"{s.id}: {s.title}. {s.locator} ({s.date})"), ()) for s in advice.sources)
    section = Section("Sources", [Items(items)] if items else [])
    section.blocks.append(Text(f"Knowledge of {advice.knowledge_version}."))
    return section
