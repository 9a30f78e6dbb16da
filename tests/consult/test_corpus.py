"""Advice for people of every kind: what editors read, one file a profile, and what must hold."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from consulted import CORPUS
from snapshots import AdvicePages

from advisor import api
from advisor.consult.profile_facts import ProfileNodes
from advisor.consult.rigs import RigMaker
from advisor.model.quantity import GRADES
from advisor.yamlio import load_yaml


@pytest.fixture
def page(snapshot):
    return snapshot.use_extension(AdvicePages)


SIGNED = load_yaml(Path(__file__).with_name("signed.yaml")).data


@pytest.fixture
def advise(consulted):
    """The advice for a profile of the corpus, by its name."""
    return lambda name: consulted(CORPUS[0].with_name(f"{name}.yaml")).advice


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_advice_reads_as_it_did(path, page, consulted):
    assert api.render(consulted(path).advice, "markdown") == page


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_conclusion_ends_in_given_assumed_or_cited_knowledge(path, consulted):
    advice = consulted(path).advice
    nodes = {node.id: node for node in advice.trace}
    sources = {source.id for source in advice.sources}
    said = [s.node for s in advice.statements] + [w.node for w in advice.warnings]
    said += [reason.node for r in advice.rejected for reason in r.reasons]
    said += [id for b in (advice.recommendation, *advice.alternatives) if b for id in b.because]
    assert said
    for id in said:
        assert id in nodes
    for node in advice.trace:
        assert set(node.inputs) <= set(nodes)
        if node.kind in ("rule", "calculation"):
            assert node.inputs
            weakest = max(GRADES.index(nodes[id].grade) for id in node.inputs)
            assert GRADES.index(node.grade) >= weakest
        else:
            assert not node.inputs
        if node.kind == "knowledge":
            assert set(node.cites) & sources


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_named_builds_are_answered(path, consulted):
    profile = api.read_profile(path)
    advice = consulted(path).advice
    builds = [b for b in (advice.recommendation, *advice.alternatives) if b]
    shown = {b.slug for b in builds} | {r.build for r in advice.rejected}
    maker = RigMaker(profile, ProfileNodes(profile), api.knowledge())
    assert set(maker.considered()) <= shown


@pytest.mark.parametrize("name", SIGNED)
def test_an_expert_would_sign_it(name, advise):
    advice = advise(name)
    signed = SIGNED[name]
    assert advice.verdict in signed["verdict"]
    build = advice.recommendation
    if "builds" in signed:
        assert build.slug in signed["builds"]
    if "splits" in signed:
        assert build.split in signed["splits"]
    warned = {warning.id for warning in advice.warnings}
    assert set(signed.get("warned", ())) <= warned
    assert not set(signed.get("unwarned", ())) & warned
    against = {r.build: {reason.rule for reason in r.reasons} for r in advice.rejected}
    for slug, rule in signed.get("rejected", {}).items():
        assert rule in against[slug]


VERDICTS = {
    "add-a-3090": ("add", "2x-rtx-3090-nvlink"),
    "solo-32b-coder": ("buy", "1x-rtx-5090"),
    "keep-dual-3090": ("keep", "2x-rtx-3090-nvlink"),
    "fp8-new-only-70b": ("buy", None),
    "frontier-671b": ("buy", "4x-rtx-pro-6000-bw-maxq"),
    "impossible-405b": ("no-viable-build", None),
    "sick-unknown-rig": ("need-facts", None),
    "keep-old-p40s": ("keep", "2x-tesla-p40"),
    "four-3090s-on-15-amps": ("keep", "4x-rtx-3090"),
    "owned-h100s-671b": ("keep", "8x-h100-sxm-80gb-nvswitch"),
    "owned-mac-minis-235b": ("keep", "4x-mac-mini-m4-pro-64gb-exo"),
    "windows-70b-office": ("buy", "2x-rtx-3090"),
    "rent-64-users-70b": ("rent", "rent-4x-h100-sxm-80gb"),
    "moe-120b-small-card": ("test-first", "1x-rtx-4060-ti-16gb"),
    "fine-tune-32b-mac-owner": ("buy", "1x-rtx-5090"),
    "bridge-for-speed": ("add", "2x-rtx-3090-nvlink"),
    "tiny-budget-70b": ("no-viable-build", None),
}

WARNED = {
    "four-3090s-on-15-amps": ("circuit-overload", "power-transient-overload"),
    "owned-h100s-671b": ("numa-placement", "driver-version-mismatch"),
    "owned-mac-minis-235b": ("cluster-slower-per-stream", "macos-background-processes"),
    "rent-64-users-70b": ("rent-before-owning",),
    "moe-120b-small-card": ("cpu-offload-penalty",),
    "fine-tune-32b-mac-owner": ("fine-tuning-not-sized",),
    "bridge-for-speed": ("nvlink-bridge-not-seated", "pcie-lane-starvation"),
    "mixed-4090-3090": ("mixed-cards", "not-pooled"),
}
NOT_WARNED = {
    "owned-h100s-671b": "rent-before-owning",
    "windows-70b-office": "nvlink-bridge-not-seated",
    "keep-old-p40s": "driver-version-mismatch",
    "moe-120b-small-card": "not-pooled",
}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict_is_the_one_an_expert_would_sign(name, advise):
    advice = advise(name)
    verdict, slug = VERDICTS[name]
    assert advice.verdict == verdict
    if slug:
        assert advice.recommendation.slug == slug


@pytest.mark.parametrize("name", WARNED)
def test_what_waits_is_warned_of(name, advise):
    advice = advise(name)
    assert set(WARNED[name]) <= {warning.id for warning in advice.warnings}


@pytest.mark.parametrize("name", NOT_WARNED)
def test_what_does_not_apply_is_not_warned_of(name, advise):
    advice = advise(name)
    assert NOT_WARNED[name] not in {warning.id for warning in advice.warnings}


def test_the_example_warns_of_what_waits(advise):
    advice = advise("add-a-3090")
    ids = [warning.id for warning in advice.warnings]
    assert ids[0] == "power-transient-overload"
    assert {"pcie-lane-starvation", "nvlink-bridge-not-seated", "driver-version-mismatch"} <= set(
        ids
    )
    build = advice.recommendation
    assert "--tensor-parallel-size 2" in build.launch.command
    assert any("nvlink --status" in check.command for check in build.verify)
    assert advice.would_change
    assert {d.erratum for d in advice.dissent} >= {"A1", "A4", "A19"}
    assert build.price_usd.low == 740
    assert build.price_usd.high == 1080


def test_an_owned_supply_that_is_large_enough_is_not_warned_of(advise):
    advice = advise("keep-dual-3090")
    assert "power-transient-overload" not in [w.id for w in advice.warnings]


def test_with_no_viable_build_the_warnings_speak_of_the_nearest(advise):
    advice = advise("impossible-405b")
    assert advice.recommendation is None
    assert advice.rejected
    assert "rent-before-owning" in {warning.id for warning in advice.warnings}


def test_the_same_profile_gives_the_same_bytes_whatever_the_hash_seed(root):
    command = [sys.executable, "-m", "advisor.cli", "advise", "tests/corpus/add-a-3090.yaml"]
    out = {
        subprocess.run(
            [*command, "--format", "json"],
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(out) == 1
    assert json.loads(out.pop())["verdict"] == "add"


def test_python_alone_gives_the_same_advice(root):
    command = [sys.executable, "-m", "advisor.cli", "advise", "tests/corpus/add-a-3090.yaml"]
    out = {
        subprocess.run(
            command,
            cwd=root,
            env=os.environ | {"ADVISOR_ENGINE": engine},
            capture_output=True,
            check=True,
        ).stdout
        for engine in ("python", "")
    }
    assert len(out) == 1


def test_one_person_does_not_colour_the_next():
    first, second = (api.read_profile(path) for path in (CORPUS[0], CORPUS[-1]))
    alone = api.render(api.consult(second), "json")
    api.consult(first)
    assert api.render(api.consult(second), "json") == alone
