"""Which weight format a runtime is given, where the person left that open or named a class."""

from __future__ import annotations

from advisor.knowledge import Knowledge
from advisor.model.catalog import Model, Quant, Runtime

from .profile_facts import is_class
from .words import quant_named


class Formats:
    """The formats for one model and one word of the person: a format, a class, or auto."""

    def __init__(self, model: Model, word: str, knowledge: Knowledge) -> None:
        self.model = model
        self.word = word
        self.knowledge = knowledge
        named = word != "auto" and not is_class(word)
        self.named: Quant | None = quant_named(word, knowledge) if named else None

    def of(self, runtime: Runtime) -> Quant | None:
        """The format asked for; in its class; or that of the person's own file of weights, or the
        model's own, else the runtime's usual one. None when the runtime does not load it."""
        quant = self._wanted(runtime)
        return quant if quant is not None and quant.family in runtime.families else None

    def _wanted(self, runtime: Runtime) -> Quant | None:
        knowledge = self.knowledge
        if self.named is not None:
            return self.named
        own_file = knowledge.weight_file(self.model)
        if own_file is not None and self.word == "auto":
            return own_file[1]
        usual = knowledge.find_quant(runtime.default_quant)
        if self.word == "auto":
            native = self.model.native_quant
            own = knowledge.find_quant(native) if native else None
            if own is not None and own.bits_class <= usual.bits_class:
                return own if own.family in runtime.families else usual
            return usual
        wide = knowledge.quants_of_class(self.word)
        fitting = [quant for quant in wide if quant.family in runtime.families]
        return usual if usual in fitting else next(iter(fitting), None)
