"""Symptoms lead to a ranked diagnosis of what is owned, before anything is bought."""

import json
import re

import pytest
import yaml
from consulted import brief, briefly

from advisor import api
from advisor.consult import advising
from advisor.consult.diagnosis import LIKELIHOODS, ranked
from advisor.errors import InputError
from advisor.model.profile import WORDS
from advisor.profiles import profile_from
from advisor.resources import rules_dir
from advisor.rulebase import load_rules

SEVENTY = {"target_model": "llama-3.3-70b"}
EIGHT = {"target_model": "llama-3.1-8b"}
BRIDGED = SEVENTY | {"existing_cards": {"rtx-3090": 2}, "nvlink_bridges": 1, "psu_w": 1600}
PAIR = SEVENTY | {"existing_cards": {"rtx-4090": 2}, "psu_w": 1200}
RIGS = {
    "nvidia": SEVENTY | {"existing_cards": {"rtx-3090": 2}},
    "nvidia-one": EIGHT | {"existing_cards": {"rtx-4090": 1}, "os": "windows"},
    "nvidia-server": SEVENTY | {"existing_cards": {"h100-sxm-80gb": 4}, "board": "server"},
    "amd": SEVENTY | {"existing_cards": {"rx-7900-xtx": 2}},
    "amd-one": EIGHT | {"existing_cards": {"rx-9070-xt": 1}},
    "intel": EIGHT | {"existing_cards": {"arc-b580": 2}},
    "intel-one": EIGHT | {"existing_cards": {"arc-pro-b60": 1}},
    "apple": SEVENTY | {"existing_cards": {"mac-studio-m2-ultra-192gb": 1}, "os": "macos"},
    "apple-cluster": SEVENTY | {"existing_cards": {"mac-mini-m4-pro-64gb": 4}},
    "unified-nvidia": SEVENTY | {"existing_cards": {"dgx-spark-gb10": 1}},
    "unified-amd": SEVENTY | {"existing_cards": {"strix-halo-395-128": 1}},
    "mixed-cards": SEVENTY | {"existing_cards": {"rtx-4090": 1, "rtx-3090": 1}},
}
FOREIGN = {
    "nvidia": ("amd-smi", "xpu-smi", "powermetrics"),
    "amd": ("nvidia-smi", "xpu-smi", "powermetrics"),
    "intel": ("nvidia-smi", "amd-smi", "powermetrics"),
    "apple": ("nvidia-smi", "amd-smi", "xpu-smi", "numactl", "lspci"),
}


def advise(fields, *symptoms, **more):
    return briefly(fields | {"symptoms": symptoms} | more)


def ids(advice):
    return [suspect.id for suspect in advice.diagnosis]


def of(advice, id):
    return next(suspect for suspect in advice.diagnosis if suspect.id == id)


@pytest.mark.parametrize("symptom", WORDS["symptoms"])
@pytest.mark.parametrize("rig", RIGS)
def test_every_symptom_has_a_suspect_on_every_kind_of_rig(rig, symptom):
    advice = advise(RIGS[rig], symptom)
    assert advice.diagnosis
    assert advice.verdict in ("keep", "test-first")
    nodes = {node.id for node in advice.trace}
    for rank, suspect in enumerate(advice.diagnosis, start=1):
        assert suspect.rank == rank
        assert suspect.explains == (symptom,)
        assert suspect.fix
        assert suspect.node in nodes
        said = f"{suspect.text} {suspect.check} {suspect.fix}"
        assert "{" not in said.replace("@{LogName='System'; Id=41}", "")
        assert "unknown" not in said
        assert not re.search(r" -{1,2}[a-z-]+ \d+,\d", said)
    vendor = rig.removeprefix("unified-").partition("-")[0]
    commands = " ".join(suspect.check or "" for suspect in advice.diagnosis)
    assert not [tool for tool in FOREIGN.get(vendor, ()) if tool in commands]


@pytest.mark.parametrize("rig", ["nvidia", "nvidia-one", "amd", "intel", "unified-amd"])
def test_under_windows_no_check_needs_linux(rig):
    advice = advise(RIGS[rig], *WORDS["symptoms"], os="windows", cpu_sockets=2)
    checks = " ".join(suspect.check or "" for suspect in advice.diagnosis)
    assert not [
        word for word in ("sudo", "lspci", "numactl", "journalctl", "free -h") if word in checks
    ]


TOP = {
    "nvlink-bridge-not-seated": (BRIDGED, ("slower-than-expected",)),
    "pcie-lane-starvation": (
        SEVENTY | {"existing_cards": {"rtx-3090": 2}, "pcie": "x16/x4"},
        ("slower-than-expected",),
    ),
    "power-transient-overload": (PAIR, ("psu-trips",)),
    "memory-junction-throttling": (
        SEVENTY | {"existing_cards": {"rtx-3090": 4}, "board": "server"},
        ("throttling",),
    ),
    "driver-version-mismatch": (
        EIGHT | {"existing_cards": {"rtx-4090": 1}, "runtime": "vllm"},
        ("random-slowdowns", "slower-than-expected"),
    ),
    "numa-placement": (
        SEVENTY | {"existing_cards": {"rtx-3090": 2}, "cpu_sockets": 2, "board": "server"},
        ("random-slowdowns",),
    ),
    "macos-background-processes": (RIGS["apple"], ("random-slowdowns",)),
}


@pytest.mark.parametrize("id", TOP)
def test_each_failure_mode_of_the_guide_comes_first_where_the_facts_point_to_it(id):
    fields, symptoms = TOP[id]
    advice = advise(fields, *symptoms)
    assert advice.diagnosis[0].id == id
    others = [TOP[other] for other in TOP if other != id and TOP[other][1] == symptoms]
    assert all(advise(*other[:1], *other[1]).diagnosis[0].id != id for other in others)


MORE = {
    "circuit-overload": (
        SEVENTY | {"existing_cards": {"rtx-3090": 4}, "circuit": "120V 15A", "psu_w": 2400},
        "psu-trips",
    ),
    "model-does-not-fit": (SEVENTY | {"existing_cards": {"rtx-4090": 1}}, "oom"),
    "context-does-not-fit": (
        SEVENTY | {"existing_cards": {"rtx-3090": 2}, "context_tokens": 60000},
        "oom",
    ),
    "tensor-split-by-speed": (RIGS["mixed-cards"], "oom"),
    "context-left-at-full-length": (BRIDGED | {"runtime": "vllm"}, "oom"),
    "cpu-offload-penalty": (
        SEVENTY | {"existing_cards": {"rtx-4090": 1}},
        "slower-than-expected",
    ),
    "mixed-cards": (RIGS["mixed-cards"], "slower-than-expected"),
    "expectation-too-high": (RIGS["unified-nvidia"] | {"min_tok_s": 20}, "slower-than-expected"),
    "cluster-slower-per-stream": (RIGS["apple-cluster"], "slower-than-expected"),
    "takes-turns-by-design": (RIGS["amd"], "one-gpu-idle"),
    "not-pooled": (EIGHT | {"existing_cards": {"rtx-3090": 2}}, "one-gpu-idle"),
    "tp-head-divisibility": (
        SEVENTY | {"existing_cards": {"rtx-3090": 3}, "runtime": "llama.cpp"},
        "one-gpu-idle",
    ),
    "backend-does-not-see-the-gpu": (RIGS["unified-amd"], "one-gpu-idle"),
    "power-limit-reached": (BRIDGED | {"gpu_power_cap_w": 250}, "throttling"),
    "power-cap-too-low": (
        SEVENTY | {"existing_cards": {"rtx-3090": 2}, "gpu_power_cap_w": 150},
        "slower-than-expected",
    ),
    "wired-limit-in-the-way": (
        SEVENTY | {"existing_cards": {"mac-mini-m4-pro-48gb": 1}},
        "oom",
    ),
}


@pytest.mark.parametrize("id", MORE)
def test_a_cause_the_facts_confirm_is_likely(id):
    fields, symptom = MORE[id]
    assert of(advise(fields, symptom), id).likelihood == "likely"


RAISED = [
    ("power-transient-overload", "psu-trips", PAIR, {"psu_w": 2000}),
    ("pcie-lane-starvation", "slower-than-expected", PAIR | {"pcie": "x16/x4"}, {"pcie": "x8/x8"}),
    ("pcie-lane-starvation", "slower-than-expected", PAIR, {"pcie": "x16/x16"}),
    (
        "numa-placement",
        "slower-than-expected",
        PAIR | {"cpu_sockets": 2, "gpu_sockets": [0, 1], "board": "server"},
        {"gpu_sockets": [0, 0]},
    ),
    ("context-does-not-fit", "oom", PAIR | {"context_tokens": 60000}, {"context_tokens": 8192}),
    ("context-does-not-fit", "oom", PAIR, {"context_tokens": 1024}),
    (
        "driver-spills-to-system-memory",
        "slower-than-expected",
        PAIR | {"os": "windows", "context_tokens": 16384},
        {"context_tokens": 1024},
    ),
    (
        "driver-version-mismatch",
        "slower-than-expected",
        PAIR | {"runtime": "vllm"},
        {"runtime": None},
    ),
    (
        "power-cap-too-low",
        "slower-than-expected",
        PAIR | {"gpu_power_cap_w": 150},
        {"gpu_power_cap_w": 400},
    ),
]


@pytest.mark.parametrize(("id", "symptom", "fields", "weaker"), RAISED)
def test_a_fact_that_confirms_a_cause_raises_it(id, symptom, fields, weaker):
    strong, weak = advise(fields, symptom), advise(fields | weaker, symptom)
    order = LIKELIHOODS.index
    assert order(of(strong, id).likelihood) < order(of(weak, id).likelihood)


def test_likelihood_then_symptoms_explained_then_the_rules_order():
    for rig in RIGS.values():
        advice = advise(rig, *WORDS["symptoms"])
        keys = [
            (LIKELIHOODS.index(s.likelihood), -len(s.explains), s.rule) for s in advice.diagnosis
        ]
        assert keys == sorted(keys)
        assert len(set(ids(advice))) == len(advice.diagnosis)


def test_one_cause_of_two_symptoms_stands_once_and_before_those_of_one():
    one = advise(RIGS["apple"], "slower-than-expected")
    both = advise(RIGS["apple"], "slower-than-expected", "random-slowdowns")
    background = of(both, "macos-background-processes")
    assert background.explains == ("slower-than-expected", "random-slowdowns")
    assert background.rule == "DIA150"
    assert background.likelihood == "likely"
    assert of(one, "macos-background-processes").likelihood == "possible"
    possible = [len(s.explains) for s in both.diagnosis if s.likelihood == "possible"]
    assert possible[0] == 2
    assert possible[-1] == 1


def test_nothing_of_a_kind_other_than_suspects_is_ranked():
    assert ranked(()) == ()


def test_without_symptoms_there_is_no_diagnosis():
    advice = advise(BRIDGED)
    assert advice.diagnosis == ()
    assert "What may be wrong" not in api.render(advice, "markdown")


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_the_diagnosis_stands_before_the_reasons(form):
    shown = api.render(advise(PAIR, "psu-trips"), form)
    if form == "json":
        first = json.loads(shown)["diagnosis"][0]
        assert (first["rank"], first["id"]) == (1, "power-transient-overload")
        return
    shown = shown.lower()
    at = [shown.index(word) for word in ("what may be wrong, likeliest first", "what it costs")]
    assert at == sorted(at)
    assert "psu-trips" in shown


def test_what_works_is_kept_and_the_likeliest_cause_told():
    advice = advise(PAIR, "psu-trips")
    assert advice.verdict == "keep"
    assert advice.recommendation.slug == "2x-rtx-4090"
    headline = advice.statements[0].text
    assert "first find the fault" in headline
    assert "The supply is too small for the load spikes" in headline


def test_no_bridge_is_bought_before_the_fault_is_found():
    wish = SEVENTY | {"existing_cards": {"rtx-3090": 2}, "priorities": ["speed"]}
    assert advise(wish).verdict == "add"
    sick = advise(wish, "slower-than-expected")
    assert sick.verdict == "keep"
    assert sick.recommendation.slug == "2x-rtx-3090"


def test_out_of_memory_that_is_explained_is_tested_first_and_the_build_stays_shown():
    advice = advise(SEVENTY | {"existing_cards": {"rtx-4090": 1}}, "oom")
    assert advice.verdict == "test-first"
    assert "no defect" in advice.statements[0].text
    assert advice.diagnosis[0].id == "model-does-not-fit"
    assert advice.recommendation.title in advice.statements[0].text
    assert any(device.owned < device.count for device in advice.recommendation.devices)


def test_a_purchase_waits_for_the_checks():
    advice = advise(SEVENTY | {"existing_cards": {"rtx-4090": 1}}, "psu-trips")
    assert advice.verdict == "test-first"
    assert "First find the fault" in advice.statements[0].text
    assert advice.diagnosis[0].text


def test_hardware_without_a_way_asks_which_machine_has_the_fault():
    both = SEVENTY | {"existing_cards": {"mac-studio-m4-max-64gb": 1, "rtx-4090": 1}}
    advice = advise(both, "oom")
    assert advice.verdict == "need-facts"
    assert advice.diagnosis == ()
    assert advise(both).verdict != "need-facts"


def test_the_owned_rig_is_diagnosed_even_where_another_is_recommended():
    advice = advise(RIGS["unified-amd"], "one-gpu-idle")
    assert "Strix Halo" in advice.diagnosis[0].text


def facts_of_advice(fields, monkeypatch):
    given = {}
    run = advising.Engine.run

    def spy(self, facts):
        if "advise" in self.stages and not given:
            given.update({fact.kind: fact for fact in facts})
        return run(self, facts)

    monkeypatch.setattr(advising.Engine, "run", spy)
    with brief():
        api.consult(profile_from(fields, "test"))
    return given


def test_without_symptoms_nothing_is_looked_for(monkeypatch):
    wish = EIGHT | {"existing_cards": {"rtx-3090": 2}, "nvlink_bridges": 1}
    facts = facts_of_advice(wish, monkeypatch)
    assert facts["pick"].values["device_count"] == 1
    assert not {"owned", "machine", "diagnosis"} & set(facts)


def test_nothing_owned_is_no_fact(monkeypatch):
    assert not {"owned", "machine"} & set(facts_of_advice(EIGHT, monkeypatch))


def test_what_would_change_the_advice_is_told_with_its_own_diagnosis():
    fields = SEVENTY | {"existing_cards": {"rtx-4090": 1}, "symptoms": ["oom"]}
    fields |= {"context_tokens": 65536, "min_tok_s": 4}
    advice = api.consult(profile_from(fields, "test"))
    assert advice.would_change
    for change in advice.would_change:
        again = advise(fields | change.set, "oom")
        assert again.statements[0].text in change.text


GOOD = {
    "code": "TST001",
    "name": "test",
    "status": "stable",
    "since": "2026-11-25",
    "stage": "diagnose",
    "title": "A test",
    "when": {"profile": {"symptom_oom": True}, "owned": {"device_count": 2}},
    "then": {
        "verdict": "suspect",
        "subject": "owned",
        "id": "test",
        "likelihood": "possible",
        "check": None,
        "fix": "Mend it.",
    },
    "say": "{owned.title} fails.",
    "because": "Because.",
    "cites": ["claim.fail.versions"],
    "examples": {
        "fires": [{"name": "a", "given": {"profile.symptom_oom": True, "owned.device_count": 2}}],
        "quiet": [{"name": "b", "given": {"profile.symptom_oom": True, "owned.device_count": 1}}],
    },
}


def load(tmp_path, change):
    (tmp_path / "topic").mkdir()
    (tmp_path / "templates.yaml").write_bytes((rules_dir() / "templates.yaml").read_bytes())
    text = yaml.safe_dump(GOOD | change, sort_keys=False)
    (tmp_path / "topic" / "TST001-test.yaml").write_text(text)
    return load_rules((tmp_path,))


def test_a_suspect_without_a_check_loads(tmp_path):
    assert load(tmp_path, {}).rule("TST001").then.check is None


def without(key):
    return {"then": {name: value for name, value in GOOD["then"].items() if name != key}}


BROKEN = {
    "no id": (without("id"), "a suspect needs id, likelihood and fix"),
    "no likelihood": (without("likelihood"), "a suspect needs id, likelihood and fix"),
    "no fix": (without("fix"), "a suspect needs id, likelihood and fix"),
    "another likelihood": ({"then": GOOD["then"] | {"likelihood": "certain"}}, "likelihood"),
    "no symptom": ({"when": {"owned": {"device_count": 2}}}, "a suspect asks for one symptom"),
    "two symptoms": (
        {"when": GOOD["when"] | {"profile": {"symptom_oom": True, "symptom_idle": True}}},
        "a suspect asks for one symptom",
    ),
    "a symptom that must be absent": (
        {"when": GOOD["when"] | {"profile": {"symptom_oom": False}}},
        "a suspect asks for one symptom",
    ),
    "another stage": ({"stage": "advise"}, "suspects, and nothing else, stand in stage diagnose"),
    "another verdict": (
        {"then": {"verdict": "note", "subject": "owned"}},
        "suspects, and nothing else, stand in stage diagnose",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_wrong_suspect_is_refused_in_words(tmp_path, case):
    change, says = BROKEN[case]
    with pytest.raises(InputError) as caught:
        load(tmp_path, change)
    assert "TST001-test.yaml" in str(caught.value)
    assert says in str(caught.value)
