"""The entries that are likely to answer a question in somebody's own words."""

from __future__ import annotations

import re

from advisor.knowledge import Knowledge
from advisor.model.advice import Source
from advisor.model.faq import FaqEntry, Found

from .answers import filled, rests_on

LEAST_LIKENESS = 50
"""Of 100; unrelated questions reach about 45."""
LONGEST = 500
"""Characters of a question that are looked at."""
COMMON_WORDS = """
    a am an and any are as at be been by can could did do does for from get gets give go goes has
    have how i if in into is it its make me mine my of on one or our should so some than that the
    their them then there these they this those to up us use want was we were what when where which
    who why will with would you your
"""
_COMMON = frozenset(COMMON_WORDS.split())


def search(question: str, knowledge: Knowledge) -> list[Found]:
    """The entries like ``question``, the likeliest first; every entry where nothing is asked."""
    from rapidfuzz import fuzz

    entries = list(knowledge.faq.entries.values())
    if not question.strip():
        return [_found(entry, knowledge) for entry in entries]
    asked = _telling(question[:LONGEST])
    likeness = {
        entry.id: max(
            (fuzz.token_set_ratio(asked, words), fuzz.token_sort_ratio(asked, words))
            for words in _phrasings(entry)
        )
        for entry in entries
    }
    like = [entry for entry in entries if likeness[entry.id][0] >= LEAST_LIKENESS]
    like.sort(key=lambda entry: likeness[entry.id], reverse=True)
    return [_found(entry, knowledge) for entry in like]


def _phrasings(entry: FaqEntry) -> list[str]:
    return [_telling(asked) for asked in (*entry.asks, " ".join(entry.topics))]


def _telling(text: str) -> str:
    """The words of a text that tell it from others, in the singular."""
    words = re.findall(r"[a-z0-9.]*[a-z0-9]", text.lower())
    return " ".join(
        word[:-1] if len(word) > 3 and word.endswith("s") else word
        for word in words
        if word not in _COMMON
    )


def _found(entry: FaqEntry, knowledge: Knowledge) -> Found:
    answer = filled(entry, knowledge)
    ids = dict.fromkeys(rests_on(entry, answer))
    sources = [knowledge.sources[id] for id in ids if id in knowledge.sources]
    return Found(
        id=entry.id,
        question=entry.asks[0],
        topics=entry.topics,
        answer=answer,
        cites=entry.cites,
        sources=tuple(Source(**source.model_dump()) for source in sources),
        see=entry.see,
    )
