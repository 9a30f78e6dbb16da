"""The one door for front ends: read a profile, consult, estimate, look up, edit, render."""

from advisor.profiles import profile_from, read_profile
from advisor.render import render

from .consulting import (
    consult,
    consultant,
    guide_consultant,
    guide_knowledge,
    knowledge,
    rulebase,
    what_if,
)
from .editing import check, explain, impact, new, watch
from .estimating import estimate, estimate_lines, estimator, render_estimate, sized
from .interviewing import autosave, interview, interviewer, opened, profile_text, save, write
from .lookup import catalog, claim, claims, faq, render_rule, render_rules, rule, schema

__all__ = [
    "autosave",
    "catalog",
    "check",
    "claim",
    "claims",
    "consult",
    "consultant",
    "estimate",
    "estimate_lines",
    "estimator",
    "explain",
    "faq",
    "guide_consultant",
    "guide_knowledge",
    "impact",
    "interview",
    "interviewer",
    "knowledge",
    "new",
    "opened",
    "profile_from",
    "profile_text",
    "read_profile",
    "render",
    "render_estimate",
    "render_rule",
    "render_rules",
    "rule",
    "rulebase",
    "save",
    "schema",
    "sized",
    "watch",
    "what_if",
    "write",
]
