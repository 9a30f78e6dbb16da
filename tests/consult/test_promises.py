"""What holds for every advice, on a slice of the campaign of random people."""

import subprocess
import sys

import pytest

from advisor import api
from advisor.consult import case


def test_random_people_get_advice_that_keeps_its_promises(root):
    command = [sys.executable, str(root / "benchmarks" / "profile_campaign.py")]
    done = subprocess.run(
        [*command, "--seed", "7", "--count", "20"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "every promise kept" in done.stdout


@pytest.mark.parametrize(
    "name",
    [
        "add-a-3090",
        "bridge-for-speed",
        "four-3090s-on-15-amps",
        "hobby-32b-cheapest",
        "impossible-405b",
        "moe-120b-small-card",
        "quiet-120b-mac",
        "team-70b-serving",
    ],
)
def test_what_is_settled_need_not_be_judged_again(root, monkeypatch, name, consulted):
    path = root / "tests" / "corpus" / f"{name}.yaml"
    quick = consulted(path).advice
    reused = []
    find = case.settled

    def watched(*args):
        reused.append(len(find(*args)))
        return {}

    monkeypatch.setattr(case, "settled", watched)
    assert api.consult(api.read_profile(path)) == quick
    assert max(reused) > 0
