"""A model named by a file of the person's own: a GGUF file, or the config.json of a model."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from advisor.errors import InputError, Problem, visible
from advisor.model.catalog import FileSize, Model

from .lookup import parts_of
from .model_checkpoint import checkpoint
from .model_configs import read_config
from .model_ggufs import TensorBytes, read_gguf

SOURCE = "model-file"
ACCEPTED = "a .gguf file, a config.json, or the folder that holds one"
MAX_PARAMS_B = 100_000
SERVED = "ADVISOR_WEB"
"""Set where the person may sit at another machine: files here are none of their business."""


def names_file(word: str) -> bool:
    """Whether a word for a model is a path: it ends like one, or a folder with a config.json."""
    folder = os.path.expanduser(word)
    is_named = word.lower().endswith((".gguf", ".json"))
    if is_named or os.environ.get(SERVED):
        return is_named
    return os.path.isfile(os.path.join(folder, "config.json"))


class Imported(NamedTuple):
    """A model; the size and format of its weights, where they lie there too; and their bytes by
    class of tensor (GGUF only)."""

    model: Model
    size: FileSize | None
    tensors: TensorBytes | None


def model_from_file(path: Path, hub_id: str | None = None) -> Imported:
    """The model that a file describes; ``hub_id`` is where the file came from.

    The slug ends in a digest of the figures, so that two files are never taken for one another.
    Raises InputError for a file that cannot be used.
    """
    if os.environ.get(SERVED) and hub_id is None:
        what = "in the browser no file can be named"
        accepted = "a model of the catalogue, a hub id or a size such as 70B"
        raise InputError(Problem(str(path), what, accepted=accepted))
    path = Path(os.path.expanduser(path))
    path = path / "config.json" if os.path.isdir(path) else path
    file = str(path)
    if not os.path.isfile(path):
        raise InputError(Problem(file, "there is no such file", accepted=ACCEPTED))
    size_gb: float | None = None
    tensors = None
    if path.suffix.lower() == ".gguf":
        figures, size_gb, tensors = read_gguf(path)
        name = figures.pop("name", None) or path.stem
        stored_as = figures["native_quant"]
    elif path.suffix.lower() == ".json":
        figures = read_config(path)
        width = figures.pop("width")
        stored_as = figures["native_quant"] or width
        name = path.resolve().parent.name if path.name == "config.json" else path.stem
        if path.name == "config.json":
            size_gb = _weigh(path, figures)
    else:
        raise InputError(Problem(file, "this is no file of a model", accepted=ACCEPTED))
    name = hub_id.rpartition("/")[2] if hub_id else name
    if not 0 < figures["total_params_b"] <= MAX_PARAMS_B:
        found = f"{figures['total_params_b']:,.3g} x 10^9 parameters"
        accepted = f"at most {MAX_PARAMS_B:,} x 10^9"
        raise InputError(Problem(file, "these sizes make no model", found=found, accepted=accepted))
    digest = hashlib.sha256(repr((sorted(figures.items()), size_gb)).encode()).hexdigest()[:8]
    parts = [re.sub(r"[^a-z0-9.]", "", part) for part in parts_of(name)]
    slug = "-".join([*filter(None, parts), digest])[-100:]
    model = Model(
        slug=slug,
        name=visible(name, 100),
        hub_id=hub_id,
        licence="not stated",
        cites=(SOURCE,),
        **figures,
    )
    if size_gb is None or stored_as is None:
        return Imported(model, None, None)
    size = FileSize(
        model=slug,
        quant=stored_as,
        size_gb=size_gb,
        grade="vendor-spec",
        cites=(SOURCE,),
    )
    return Imported(model, size, tensors)


def _weigh(config: Path, figures: dict[str, Any]) -> float | None:
    """The weights beside a config.json in GB (10**9); their count of parameters, where they tell
    one, replaces that of ``figures``."""
    held = checkpoint(config.parent, figures["layers"])
    if held is None:
        return None
    if held.params is not None:
        idle = figures["total_params_b"] - figures["active_params_b"]
        figures["total_params_b"] = held.params / 1e9
        figures["active_params_b"] = max(held.params / 1e9 - idle, held.params / 1e12)
        figures["note"] += "; the parameters are those of the files beside it"
    return held.size_bytes / 1e9
