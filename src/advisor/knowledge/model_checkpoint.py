"""The safetensors files beside a config.json: their bytes, and their parameters where they tell.

A safetensors file starts with eight bytes that hold the length of a JSON header, which names the
type, shape and place of every tensor. Parameters are counted only where every number is stored as
itself, in 8, 16 or 32 bits; packed formats (4 bits in whole bytes or words) give bytes alone.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

from advisor.errors import InputError, Problem

from .model_fields import Fields, read_json

INDEX = "model.safetensors.index.json"
MAX_INDEX_BYTES = 64_000_000
MAX_HEADER_BYTES = 32_000_000
MAX_DIMENSIONS = 8
MAX_FILES = 2_000
MAX_BYTES = 10**15
ITSELF = ("F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")
LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d{1,9})\.")
BESIDE = re.compile(  # what reads pictures and sound, and what guesses ahead
    r"(?:^|[._])(?:vision|visual|image|audio|speech|mtp|multi_modal_projector|mm_projector"
    r"|embed_vision|embed_audio)",
    re.IGNORECASE,
)
SCALE = re.compile(r"[._](?:scales?|scale_inv|zeros|zero_point|g_idx|amax)(?:$|[._\d])")


@dataclass(frozen=True)
class Checkpoint:
    """``size_bytes`` of all tensors; ``params`` of the language part, None where not told."""

    size_bytes: int
    params: int | None


def checkpoint(folder: Path, layers: int) -> Checkpoint | None:
    """What the weights beside a config.json of ``layers`` layers say; None without them.

    Of an index without its files, as the hub cache may hold it, only the bytes are known. Raises
    InputError for a file that is cut off or makes no sense.
    """
    index = folder / INDEX
    if index.is_file():
        fields = read_json(index, MAX_INDEX_BYTES)
        files = _named(fields, folder)
        if not all(file.is_file() for file in files):
            told = fields.inner("metadata")
            size = told.maybe("total_size", most=MAX_BYTES) if told else None
            return Checkpoint(size, None) if size else None
    else:
        files = sorted(f for f in folder.glob("*.safetensors") if f.is_file())
        whole = [file for file in files if file.name == "model.safetensors"]
        files = whole or files
    if not files:
        return None
    if len(files) > MAX_FILES:
        what = "this folder holds too many files of weights"
        raise InputError(Problem(str(folder), what, accepted=f"at most {MAX_FILES:,}"))
    tensors = [tensor for file in files for tensor in _tensors(file)]
    size = sum(tensor.size_bytes for tensor in tensors)
    language = [tensor for tensor in tensors if _is_language(tensor.name, layers)]
    plain = bool(language) and all(tensor.format in ITSELF for tensor in language)
    params = sum(tensor.elements for tensor in language if not SCALE.search(tensor.name))
    return Checkpoint(size, params if plain else None)


@dataclass(frozen=True)
class _Tensor:
    name: str
    format: str
    elements: int
    size_bytes: int


def _is_language(name: str, layers: int) -> bool:
    """Whether a tensor belongs to the language model proper: no layer behind the last."""
    match = LAYER.search(name)
    return not BESIDE.search(name) and (match is None or int(match[1]) < layers)


def _named(fields: Fields, folder: Path) -> list[Path]:
    """The files an index names."""
    names = fields.inner("weight_map")
    if names is None:
        raise InputError(fields.missing("weight_map"))
    files = set()
    for tensor in names.data:
        name = names.word(tensor) or ""
        if os.path.basename(name) != name or not name.endswith(".safetensors"):
            accepted = "the name of a .safetensors file beside this one"
            raise names.problem(tensor, "this names no file of weights", accepted)
        files.add(name)
    return [folder / name for name in sorted(files)]


def _tensors(file: Path) -> Iterator[_Tensor]:
    """The tensors that the header of one file lists."""
    accepted = "a whole .safetensors file; fetch it again"
    try:
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            start = stream.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
                what = "this file is cut off, or no safetensors file"
                found = f"{size:,} bytes"
                raise InputError(Problem(str(file), what, found=found, accepted=accepted))
            listed = json.loads(stream.read(length))
    except OSError as error:
        raise InputError(Problem(str(file), f"cannot be read: {error.strerror}")) from None
    except (ValueError, RecursionError):
        what = "the header of this file is not JSON"
        raise InputError(Problem(str(file), what, accepted=accepted)) from None
    end = 0
    for name, told in listed.items() if isinstance(listed, dict) else [("header", listed)]:
        if name == "__metadata__":
            continue
        try:
            form, shape, (first, last) = str(told["dtype"]), told["shape"], told["data_offsets"]
            sane = all(type(n) is int and 0 <= n < MAX_BYTES for n in (*shape, first, last))
            sane = sane and len(shape) <= MAX_DIMENSIONS
            elements = prod(shape) if sane else MAX_BYTES
        except (KeyError, TypeError, ValueError):
            sane, elements = False, 0
        if not sane or elements >= MAX_BYTES or last < first:
            what = "the header of this file lists an impossible tensor"
            raise InputError(Problem(str(file), what, field=name[:100], accepted=accepted))
        end = max(end, last)
        yield _Tensor(name, form, elements, last - first)
    if 8 + length + end > size:
        what = "this file is cut off before the end of its tensors"
        found = f"{size:,} bytes"
        raise InputError(Problem(str(file), what, found=found, accepted=f"{8 + length + end:,}"))
