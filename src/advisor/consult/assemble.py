"""From the outcome of a consultation to the advice: builds, reasons, trace and sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.knowledge import Knowledge
from advisor.model.advice import (
    Advice,
    AdviceWord,
    Build,
    Change,
    DeviceCount,
    DeviceFit,
    Dissent,
    Fit,
    Power,
    Price,
    PriceItem,
    Range,
    RankingStep,
    Reason,
    Rejected,
    Source,
    Speed,
    Statement,
    Warn,
)
from advisor.model.catalog import Model, Superseded
from advisor.model.profile import Profile
from advisor.model.quantity import Node, Quantity, calculated, trace
from advisor.rulebase import RuleBase, Verdict

from .build_facts import age_days
from .contrast import Contrast
from .diagnosis import Cause, told
from .judged import Judged
from .launch_fields import host_of
from .profile_facts import ProfileNodes
from .ranking import Ranking, rejections, steps
from .ways import Way

if TYPE_CHECKING:
    from .relax import Bent

ALTERNATIVES = 5
SEVERITIES = ("high", "medium", "low")
POWER = (
    *("gpu_w", "idle_w", "decode_w", "system_w", "transient_w", "heat_btu_h", "usd_per_year"),
    *("gentle_cap_w", "gentle_cap_saves_w", "gentle_cap_loses_percent"),
)


@dataclass(frozen=True)
class Outcome:
    """Everything one consultation found, before it is put into words."""

    profile: Profile
    nodes: ProfileNodes
    model: Model
    judged: tuple[Judged, ...]
    viable: tuple[Judged, ...]
    ranking: Ranking
    pick: Judged | None
    considered: tuple[str, ...]
    no_plan: tuple[Verdict, ...]
    ways: dict[str, tuple[Quantity, ...]]
    stand_ins: dict[str, Superseded]
    final: tuple[Verdict, ...]
    view: Way
    circuit: Quantity | None
    bent: tuple[Bent, ...] = ()
    causes: tuple[Cause, ...] = ()

    @property
    def headline(self) -> Verdict:
        """The one conclusion of stage recommend."""
        return next(v for v in self.final if v.kind == "conclude")

    @property
    def word(self) -> AdviceWord:
        """The word it concludes with."""
        word = self.headline.source.then.conclude
        if word is None:
            raise ValueError(f"{self.headline.rule} concludes nothing")
        return word

    def against(self, slug: str) -> list[Verdict]:
        """What speaks against a build: against its least objectionable plan, or its having none."""
        if self.pick is not None and self.pick.slug == slug:
            return rejections(self.pick)
        reasons = [rejections(build) for build in self.judged if build.slug == slug]
        if reasons:
            return min(reasons, key=len)
        return [verdict for verdict in self.no_plan if verdict.subject == slug]

    def said(self, kind: str) -> list[Verdict]:
        """The final verdicts of one kind, in rule order."""
        return [verdict for verdict in self.final if verdict.kind == kind]


def assemble(
    outcome: Outcome,
    knowledge: Knowledge,
    rulebase: RuleBase,
    changes: tuple[Change, ...] = (),
    contrast: Contrast | None = None,
) -> Advice:
    """The advice, with a trace that holds every node spoken of."""
    order = outcome.ranking.order
    shown = [b for i, b in enumerate(order) if i <= ALTERNATIVES or b.slug in outcome.considered]
    unanswered = outcome.word == "need-facts"
    if unanswered:
        shown = []
    builds = [built(build, outcome, knowledge) for build in shown]
    bent_for = {bent.pick.slug: bent for bent in reversed(outcome.bent)}
    gentlest = [bent for bent in outcome.bent if bent_for[bent.pick.slug] is bent]
    relaxed = tuple(
        built(bent.pick, bent.outcome, knowledge).model_copy(update={"relaxed": (*bent.values,)})
        for bent in gentlest
    )
    rejected = _rejected(outcome)
    warnings = sorted(
        [] if unanswered else outcome.said("warn"),
        key=lambda v: SEVERITIES.index(v.source.then.severity or "low"),
    )
    statements = [outcome.headline, *outcome.said("note")]
    suspects = [cause.verdict for cause in outcome.causes]
    roots = _roots(outcome, shown, rejected, [*statements, *suspects, *warnings])
    circuit = outcome.circuit
    for bent in gentlest:
        roots += _roots(bent.outcome, [bent.pick], {}, [])
    roots += [load for build in shown if (load := _circuit_load(build, circuit)) is not None]
    if contrast is not None:
        roots += contrast.nodes
    nodes = trace(roots)
    return Advice(
        view=outcome.view.name,
        name=outcome.profile.name,
        profile=outcome.profile.to_dict(),
        assumed=outcome.profile.assumed,
        readings=(*outcome.profile.readings, *_stand_ins(outcome, knowledge)),
        verdict=outcome.word,
        asks=outcome.headline.source.then.asks,
        recommendation=builds[0] if builds else None,
        alternatives=(*builds[1:], *relaxed),
        ranking=_ranking(outcome) if builds else (),
        rejected=tuple(
            Rejected(
                build=slug,
                reasons=tuple(Reason(rule=v.rule, text=v.text, node=v.node.id) for v in reasons),
            )
            for slug, reasons in rejected.items()
        ),
        diagnosis=told(outcome.causes),
        warnings=tuple(
            Warn(
                id=v.source.then.id or "",
                rule=v.rule,
                severity=v.source.then.severity or "low",
                text=v.text,
                check=v.check,
                fix=v.fix or "",
                node=v.node.id,
            )
            for v in warnings
        ),
        statements=tuple(Statement(text=v.text, node=v.node.id) for v in statements),
        would_change=() if unanswered else changes,
        dissent=_dissent(outcome, knowledge, rulebase),
        trace=nodes,
        sources=_sources(nodes, knowledge),
        knowledge_version=knowledge.version,
        why_not=contrast.said if contrast else None,
    )


def _ranking(outcome: Outcome) -> tuple[RankingStep, ...]:
    return tuple(
        RankingStep(
            text=step.criterion.label,
            recommendation=step.first,
            runner_up=step.second,
            tolerance=step.criterion.tolerance,
            rule=step.criterion.rule,
            figure=step.criterion.figure,
            decided=step.decided,
        )
        for step in steps(outcome.ranking)
    )


def _stand_ins(outcome: Outcome, knowledge: Knowledge) -> Iterator[str]:
    """How machines that were never sold were read."""
    for word, row in outcome.stand_ins.items():
        name = knowledge.devices[row.stands_for].name
        yield f"{word} was never sold and is taken for {name} ({row.erratum})"


def _rejected(outcome: Outcome) -> dict[str, list[Verdict]]:
    """Each build ruled out, with the reasons against its least objectionable plan."""
    viable = {build.slug for build in outcome.ranking.order}
    slugs = dict.fromkeys(build.slug for build in outcome.judged if build.slug not in viable)
    out = {slug: outcome.against(slug) for slug in slugs}
    for verdict in outcome.no_plan:
        out.setdefault(verdict.subject, outcome.against(verdict.subject))
    return out


def _roots(
    outcome: Outcome,
    shown: Iterable[Judged],
    rejected: dict[str, list[Verdict]],
    said: Iterable[Verdict],
) -> list[Quantity]:
    profile = outcome.profile
    roots = [outcome.nodes[field] for field in profile.to_dict() if field in profile.given]
    roots += [outcome.nodes[field] for field in profile.assumed]
    for build in shown:
        roots += build.sized.figures.values()
        if build.price.known:
            roots += [build.price.low, build.price.high]
        roots += outcome.ways.get(build.sized.plan.id, ())
        roots += [verdict.node for verdict in build.verdicts]
    roots += [verdict.node for reasons in rejected.values() for verdict in reasons]
    roots += [verdict.node for verdict in said]
    return roots


def _dissent(outcome: Outcome, knowledge: Knowledge, rulebase: RuleBase) -> tuple[Dissent, ...]:
    """Errata of machines that were never sold, then those of the rules that spoke; in the guide's
    view, those of the claims it rests on."""
    codes = [v.rule for v in (*outcome.final, *(cause.verdict for cause in outcome.causes))]
    spoken = [v.node for v in outcome.final]
    if outcome.pick is not None:
        behind = outcome.ways.get(outcome.pick.sized.plan.id, ())
        codes += [node.rule for node in trace(behind) if node.rule]
        codes += [v.rule for v in outcome.pick.verdicts]
        spoken += [*behind, *(v.node for v in outcome.pick.verdicts)]
        spoken += [*outcome.pick.sized.figures.values(), outcome.pick.price.low]
    if outcome.view.errata_of is not None:
        ids = dict.fromkeys(outcome.view.errata_of(trace(spoken), knowledge))
    else:
        named = [erratum for code in codes if (erratum := rulebase.rule(code).dissent) is not None]
        ids = dict.fromkeys([*(row.erratum for row in outcome.stand_ins.values()), *named])
    return tuple(
        Dissent(
            erratum=id,
            guide_says=knowledge.errata[id].guide_says,
            evidence_says=knowledge.errata[id].evidence_says,
            used="guide" if outcome.view.name == "guide" else knowledge.errata[id].used,
        )
        for id in ids
    )


def _sources(nodes: Iterable[Node], knowledge: Knowledge) -> tuple[Source, ...]:
    """The sources the trace cites, in order of appearance."""
    cited = dict.fromkeys(id for node in nodes for id in node.cites)
    return tuple(
        Source(id=s.id, title=s.title, locator=s.locator, date=s.date)
        for id in cited
        if (s := knowledge.sources.get(id)) is not None
    )


def _circuit_load(build: Judged, circuit: Quantity | None) -> Quantity | None:
    """How much of what the circuit carries for hours the build takes."""
    if circuit is None or build.sized.plan.rig.rental:
        return None
    wall = build.sized.figures["system_w"]
    return calculated(
        f"{build.sized.plan.id}.circuit_share",
        "share of the circuit's continuous load",
        wall.number / circuit.number,
        "share",
        f"{wall.number:,.0f} W / {circuit.number:,.0f} W",
        (wall, circuit),
    )


def built(build: Judged, outcome: Outcome, knowledge: Knowledge) -> Build:
    """A build as the advice shows it."""
    plan, sized = build.sized.plan, build.sized
    figure = sized.numbers
    profile = outcome.profile

    def between(name: str) -> Range | None:
        if f"{name}_tok_s" not in figure:
            return None
        return Range(
            low=float(figure[f"{name}_low_tok_s"]),
            expected=float(figure[f"{name}_tok_s"]),
            high=float(figure[f"{name}_high_tok_s"]),
        )

    host = host_of(profile, knowledge)
    circuit = outcome.circuit
    load = _circuit_load(build, circuit)
    known = build.price.known
    fit = {name: figure.get(name) for name in Fit.model_fields if name != "devices"}
    placed = tuple(
        DeviceFit(
            device=p.device.slug,
            index=p.index,
            layers=p.layers,
            weights_gib=p.weights_gib,
            kv_gib=p.kv_gib,
            compute_gib=p.compute_gib,
            reserve_gib=p.reserve_gib,
            used_gib=p.used_gib,
            capacity_gib=p.capacity_gib,
        )
        for p in sized.placed
    )
    because = [v.node.id for v in build.verdicts if v.kind in ("prefer", "require", "note")]
    because += [node.id for node in outcome.ways.get(plan.id, ())]
    return Build(
        slug=plan.rig.slug,
        title=plan.rig.title,
        devices=tuple(
            DeviceCount(device=m.device.slug, count=m.count, owned=m.owned)
            for m in plan.rig.members
        ),
        link=plan.rig.link,
        fit=Fit(**fit, devices=placed),  # type: ignore[arg-type]
        speed=Speed(
            decode_tok_s=between("decode"),
            prefill_tok_s=between("prefill"),
            aggregate_decode_tok_s=between("aggregate"),
            limited_by=sized.limited_by,
        ),
        quant=plan.quant.slug,
        kv=plan.kv,
        split=plan.split,
        runtime=plan.runtime,
        launch=outcome.view.launch(sized, profile.context_tokens, profile.users, knowledge, host),
        verify=outcome.view.verify(sized, profile.context_tokens, profile.users, knowledge, host),
        price_usd=Price(
            low=build.price.low.number if known else None,
            high=None if build.price.open_ended or not known else build.price.high.number,
            covers=build.price.covers or profile.budget_covers,
            as_of=build.price.as_of,
            age_days=age_days(build.price.as_of, knowledge.version),
            items=tuple(
                PriceItem(
                    what=item.what,
                    low=item.low,
                    high=item.high,
                    owned=item.owned,
                    as_of=item.as_of,
                    age_days=age_days(item.as_of, knowledge.version),
                )
                for item in build.price.items
            ),
        ),
        power=Power(
            **{name: figure.get(name) for name in POWER},
            psu_w=figure.get("psu_needed_w"),
            circuit=str(profile.to_dict()["circuit"]) if profile.circuit else None,
            circuit_w=circuit.number if circuit else None,
            circuit_share=load.number if load else None,
        ),
        noise=str(build.fact.values["noise"]),
        because=tuple(dict.fromkeys(because)),
    )
