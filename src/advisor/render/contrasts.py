"""The recommendation held against what else there is."""

from __future__ import annotations

from advisor.model.advice import Advice, Rejected

from .blocks import Items, Section, Table, Text, clean, figure, plain, rates, to_pay


def why_not(advice: Advice) -> Section:
    if advice.why_not is None:
        return Section("")
    section = Section(f"Why not {clean(advice.why_not.build)}")
    rows = tuple(
        (clean(c.text), clean(c.actual), clean(c.needed), c.rule) for c in advice.why_not.conditions
    )
    if rows:
        section.blocks.append(Table(("what counts", "it is", "would have to be", "rule"), rows))
    else:
        section.blocks.append(Text("It is the recommendation."))
    return section


def what_if(advice: Advice) -> Section:
    if advice.what_if is None:
        return Section("")
    asked = ", ".join(f"{key} = {plain(key, v)}" for key, v in advice.what_if.set.items())
    rows = tuple((clean(text), ()) for text in advice.what_if.changes)
    section = Section(f"What if {clean(asked)}")
    section.blocks.append(Text(clean(advice.what_if.advice.statements[0].text)))
    section.blocks.append(Items(rows) if rows else Text("Nothing changes."))
    return section


def alternatives(advice: Advice) -> Section:
    builds = [build for build in (advice.recommendation, *advice.alternatives) if build]
    bent = any(build.relaxed for build in builds)
    rows = tuple(
        (
            build.slug,
            to_pay(build),
            rates(build.speed.decode_tok_s),
            f"{build.fit.headroom_gib:.1f}",
            figure(build.fit.max_context_tokens),
            figure(build.power.system_w),
            build.noise,
            *([", ".join(build.relaxed)] if bent else []),
        )
        for build in builds
    )
    head = ("build", "to pay", "one user", "GiB free", "longest context", "W", "noise")
    title = "What comes nearest" if bent else "Alternatives"
    table = Table((*head, "bends") if bent else head, rows)
    return Section(title, [table] if advice.alternatives else [])


def ranking(advice: Advice) -> Section:
    rows = []
    for step in advice.ranking:
        even = "decided" if step.decided else "too close" if step.tolerance else "even"
        text = f"{step.text} (within {step.tolerance:.0%} is even)" if step.tolerance else step.text
        rows.append((clean(text), clean(step.recommendation), clean(step.runner_up), even))
    if not rows:
        return Section("")
    pair = [build.slug for build in (advice.recommendation, *advice.alternatives) if build]
    table = Table(("what was weighed, in order", *pair[:2], ""), tuple(rows))
    return Section("How the first two compare", [table])


def changes(advice: Advice) -> Section:
    items = tuple((clean(change.text), ()) for change in advice.would_change)
    return Section("What would change the advice", [Items(items)] if items else [])


def rejected(advice: Advice) -> Section:
    """Builds with the same rules against them stand together, the fewest rules first."""
    groups: dict[tuple[str, ...], list[Rejected]] = {}
    for rejected in advice.rejected:
        codes = tuple(sorted({reason.rule for reason in rejected.reasons}))
        groups.setdefault(codes, []).append(rejected)
    items = []
    for codes, alike in sorted(groups.items(), key=lambda item: len(item[0])):
        builds = ", ".join(rejected.build for rejected in alike)
        whose = f" ({alike[0].build})" if len(alike) > 1 else ""
        texts = tuple(clean(f"{r.rule}{whose}: {r.text}") for r in alike[0].reasons)
        items.append((f"{', '.join(codes)}: {builds}", texts))
    return Section("Ruled out", [Items(tuple(items))] if items else [])
