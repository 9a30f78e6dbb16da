"""The header of a GGUF file: its keys and the list of its tensors, read with suspicion.

The ``gguf`` package names the formats and their block sizes. Its own reader believes the counts a
file states and keeps every token of the vocabulary, so the header is walked here, within limits.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

from advisor.errors import InputError, Problem, visible

MAGIC = b"GGUF"
MAX_KEYS = 10_000
MAX_TENSORS = 100_000
MAX_ITEMS = 5_000_000  # entries of all lists together; the largest vocabularies hold 0.8 million
MAX_KEPT_ITEMS = 10_000  # lists up to this length are kept: one entry a layer
MAX_TEXT_BYTES = 1_000_000
MAX_HEADER_BYTES = 2**28
MAX_DIMENSIONS = 4
MAX_DIMENSION = 2**40
NUMBERS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
TEXT, LIST = 8, 9


@dataclass(frozen=True)
class Tensor:
    """One tensor: ``shape`` as stored, the row first; ``size_bytes`` without padding."""

    name: str
    shape: tuple[int, ...]
    format: str
    size_bytes: int

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Header:
    """Keys (lists of text and long lists left out) and tensors of one file."""

    file: str
    keys: dict[str, object]
    tensors: tuple[Tensor, ...]


def read_header(path: Path) -> Header:
    """The header of one GGUF file. Raises InputError for a file that is cut off or makes no sense,
    and when the ``gguf`` package is missing."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            return _Walk(file, stream, path.stat().st_size).header()
    except OSError as error:
        raise InputError(Problem(file, f"cannot be read: {error.strerror}")) from None


class _Walk:
    """Reads one header front to back."""

    def __init__(self, file: str, stream: BinaryIO, size_bytes: int) -> None:
        self.file = file
        self.stream = stream
        self.size_bytes = size_bytes
        self.items = 0
        self.blocks = _block_sizes(file)

    def header(self) -> Header:
        magic = self.stream.read(4)
        if magic != MAGIC:
            raise self._wrong("this is no GGUF file", found=repr(magic)[2:-1], accepted="GGUF")
        version = self._number(4)
        if version not in (2, 3):
            accepted = "version 2 or 3, little-endian"
            raise self._wrong("this version of GGUF cannot be read", "version", version, accepted)
        tensors = self._count("tensor_count", MAX_TENSORS)
        keys: dict[str, object] = {}
        for _ in range(self._count("kv_count", MAX_KEYS)):
            name = self._text(max_bytes=65_535)
            if name in keys:
                raise self._wrong("this key stands twice", name)
            keys[name] = self._value(name, int(self._number(4)))
        listed = [self._tensor() for _ in range(tensors)]
        self._check_length(keys, listed)
        return Header(self.file, keys, tuple(tensor for _, tensor in listed))

    def _tensor(self) -> tuple[int, Tensor]:
        """The offset of a tensor in the data, and the tensor."""
        name = self._text(max_bytes=1_000)
        dimensions = self._count(name, MAX_DIMENSIONS, code=4)
        shape = tuple(self._count(name, MAX_DIMENSION) for _ in range(dimensions))
        code, offset = int(self._number(4)), int(self._number(10))
        if code not in self.blocks:
            accepted = ", ".join(word for word, _, _ in self.blocks.values())
            raise self._wrong("this tensor has an unknown format", name, code, accepted)
        format, elements, size_bytes = self.blocks[code]
        if not shape or prod(shape) % elements or prod(shape) == 0:
            accepted = f"whole blocks of {elements}"
            raise self._wrong("this tensor has an impossible shape", name, list(shape), accepted)
        return offset, Tensor(name, shape, format, prod(shape) // elements * size_bytes)

    def _check_length(self, keys: dict[str, object], listed: list[tuple[int, Tensor]]) -> None:
        """Raises InputError when the file ends before its tensors do."""
        alignment = keys.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 1 <= alignment <= 65_536:
            accepted = "a whole number from 1 to 65,536"
            raise self._wrong("this is out of range", "general.alignment", alignment, accepted)
        start = -(-self.stream.tell() // alignment) * alignment
        end = max((offset + tensor.size_bytes for offset, tensor in listed), default=0)
        if listed and start + end > self.size_bytes:
            raise self._wrong(
                "this file is cut off before the end of its tensors",
                found=f"{self.size_bytes:,} bytes",
                accepted=f"{start + end:,} bytes, as its own list says; fetch it again",
            )

    def _value(self, name: str, code: int) -> object:
        if code in NUMBERS:
            return self._number(code)
        if code == TEXT:
            return self._text()
        if code != LIST:
            raise self._wrong("this key holds no known kind of value", name, code, "kinds 0 to 12")
        kind = int(self._number(4))
        count = self._count(name, MAX_ITEMS - self.items)
        self.items += count
        if kind == TEXT:
            for _ in range(count):
                self._text()
            return None
        if kind not in NUMBERS:
            raise self._wrong("this list holds no known kind of value", name, kind, "kinds 0 to 12")
        width = struct.calcsize(NUMBERS[kind])
        raw = self._bytes(count * width)
        if count > MAX_KEPT_ITEMS:
            return None
        return [part for (part,) in struct.iter_unpack(NUMBERS[kind], raw)]

    def _count(self, name: str, most: int, code: int = 10) -> int:
        """A count of 64 bits (or of the kind ``code``), up to ``most``."""
        count = int(self._number(code))
        if count > most:
            raise self._wrong("this count is out of range", name, count, f"at most {most:,}")
        return count

    def _number(self, code: int) -> int | float | bool:
        form = NUMBERS[code]
        (value,) = struct.unpack(form, self._bytes(struct.calcsize(form)))
        return value  # type: ignore[no-any-return]

    def _text(self, max_bytes: int = MAX_TEXT_BYTES) -> str:
        length = self._count("a text", max_bytes)
        return self._bytes(length).decode("utf-8", "replace")

    def _bytes(self, count: int) -> bytes:
        if self.stream.tell() + count > MAX_HEADER_BYTES:
            accepted = f"at most {MAX_HEADER_BYTES:,} bytes"
            raise self._wrong("the header of this file is too large", accepted=accepted)
        raw = self.stream.read(count)
        if len(raw) < count:
            raise self._wrong(
                "this file is cut off inside its header",
                found=f"{self.size_bytes:,} bytes",
                accepted="a whole file; fetch it again",
            )
        return raw

    def _wrong(
        self, what: str, field: str | None = None, found: object = None, accepted: str | None = None
    ) -> InputError:
        told = None if found is None else visible(str(found))
        return InputError(Problem(self.file, what, field=field, found=told, accepted=accepted))


def _block_sizes(file: str) -> dict[int, tuple[str, int, int]]:
    """Name, elements and bytes of a block of every tensor format, by its code."""
    try:
        from gguf.constants import GGML_QUANT_SIZES
    except ImportError:
        what = "reading a .gguf needs the package gguf, which is not installed"
        accepted = "pip install 'advisor[gguf]'; or name the model by its hub id or its config.json"
        raise InputError(Problem(file, what, accepted=accepted)) from None
    return {int(kind): (kind.name, *sizes) for kind, sizes in GGML_QUANT_SIZES.items()}
