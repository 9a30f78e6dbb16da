"""Finding a model by the words people use, or reading it from where a word points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import NamedTuple

from advisor.errors import InputError
from advisor.model.catalog import FileSize, Model, Quant

from .lookup import Unknown, Words, model_forms, nearest_words, size_class
from .model_ggufs import TensorBytes


class OwnWeights(NamedTuple):
    """A GGUF file of the person's own, its format, and the bytes of its tensors by class."""

    file: Path
    quant: Quant
    tensors: TensorBytes


class ModelFinder:
    """The catalogue first, then the person's own files, size classes, the hub and short forms.

    The size of weights that were read is added to ``file_sizes``, which is asked for only then.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        words: Words,
        find_quant: Callable[[str], Quant],
        file_sizes: Callable[[], MutableMapping[tuple[str, str], FileSize]],
    ) -> None:
        self.models = models
        self.weights: dict[str, OwnWeights] = {}
        self._words = words
        self._find_quant = find_quant
        self._file_sizes = file_sizes
        self._own: dict[str, Model | InputError | None] = {}

    def find(self, word: str) -> Model:
        """The model meant. Raises Unknown, or InputError for a file that cannot be used."""
        from .model_hub import hub_word, why_unknown

        hub = hub_word(word)
        name = hub.id if hub else word
        slug = None if hub and hub.tag else self._words.slug(name)
        if slug is not None:
            return self.models[slug]
        own = self._remembered(word)
        if own is not None:
            return own
        sized = size_class(word, self.models.values())
        if sized is not None:
            return sized
        short = () if hub and hub.tag else self._words.by_ending(*model_forms(name))
        if len(short) != 1:
            why = why_unknown(hub) if hub else ""
            raise Unknown(word, short[:3] or nearest_words(name, self.models), why)
        return self.models[short[0]]

    def _remembered(self, word: str) -> Model | None:
        """The model of a file or of the hub, read once; so is what is wrong with one of the hub."""
        from .model_files import names_file

        if word not in self._own:
            if names_file(word):
                self._own[word] = self._read(Path(word))
            else:
                try:
                    self._own[word] = self._of_hub(word)
                except InputError as error:
                    self._own[word] = error
        found = self._own[word]
        if isinstance(found, InputError):
            raise found
        return found

    def _of_hub(self, word: str) -> Model | None:
        from .model_hub import cached_file, fetch, hub_word, is_asked_for

        hub = hub_word(word)
        if hub is None:
            return None
        file = cached_file(hub)
        if file is None and hub.tag is None and is_asked_for() and fetch(hub):
            file = cached_file(hub)
        return self._read(file, hub.id) if file else None

    def _read(self, path: Path, hub_id: str | None = None) -> Model:
        from .model_files import model_from_file

        model, size, tensors = model_from_file(path, hub_id)
        if size is not None:
            self._file_sizes()[(model.slug, size.quant)] = size
        if size is not None and tensors is not None:
            quant = self._find_quant(size.quant)
            self.weights[model.slug] = OwnWeights(path.expanduser(), quant, tensors)
        return model
