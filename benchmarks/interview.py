"""How many questions an interview takes, and whether it ends at the advice of the whole profile.

Each person of tests/corpus answers truthfully from their profile, and "I don't know" where it is
silent. Told are the questions asked, how often the recommendation in the end is that of the whole
profile, and what was never asked where it is not.

    .venv/bin/python benchmarks/interview.py [--count N] [--seed N] [NAME...]
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

from advisor import api
from advisor.consult.case import Case
from advisor.interview.interviewer import Interviewer
from advisor.interview.keeping import stated
from advisor.interview.telling import told
from advisor.model.interview import Answers

CORPUS = Path(__file__).parents[1] / "tests" / "corpus"


def interviewed(interviewer: Interviewer, path: Path) -> tuple[int, bool, list[str], list[float]]:
    """Questions asked of one person, whether the end is right, the fields never asked, seconds."""
    person = api.read_profile(path)
    knows = stated(person)
    answers = Answers(path.stem)
    count, times = 0, []
    while True:
        start = time.perf_counter()
        asked = interviewer.step(answers).asked
        times.append(time.perf_counter() - start)
        if asked is None:
            break
        count += 1
        field = asked.question.field
        known = field in knows
        answers = answers.with_answer(field, knows[field]) if known else answers.leaving_open(field)
    consultant = interviewer.consultant
    whole = told(consultant.outcome(Case(consultant, person), brief=True))
    least = told(consultant.outcome(Case(consultant, api.profile_from(answers.stated, "x")), True))
    unasked = [f for f in knows if f not in answers.stated and f in interviewer.questions]
    return count, (whole.word, whole.build) == (least.word, least.build), unasked, times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=len(list(CORPUS.glob("*.yaml"))))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    paths = [CORPUS / f"{name}.yaml" for name in options.names] or sorted(CORPUS.glob("*.yaml"))
    random.Random(options.seed).shuffle(paths)
    interviewer = api.interviewer()
    counts, times, missed, right = [], [], Counter[str](), 0
    chosen = paths[: options.count]
    for done, path in enumerate(chosen, 1):
        count, same, unasked, took = interviewed(interviewer, path)
        counts.append(count)
        times += took
        right += same
        if not same:
            missed.update(unasked)
        print(f"{done:4} {count:3} {'same' if same else 'OTHER':6} {path.stem}", *unasked)
        sys.stdout.flush()
    print(f"people {len(chosen)}; questions: median {statistics.median(counts)}, ", end="")
    print(f"most {max(counts)}, ten or fewer {sum(n <= 10 for n in counts) / len(counts):.0%}")
    print(f"same recommendation as the whole profile: {right / len(chosen):.0%}")
    print("never asked where it differs:", dict(missed.most_common()))
    print(f"a step: median {statistics.median(times) * 1000:,.0f} ms, ", end="")
    print(f"longest {max(times) * 1000:,.0f} ms")


if __name__ == "__main__":
    main()
