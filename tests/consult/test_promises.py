"""What holds for every advice, on a slice of the campaign of random people."""

import subprocess
import sys


def test_random_people_get_advice_that_keeps_its_promises(root):
    command = [sys.executable, str(root / "benchmarks" / "profile_campaign.py")]
    done = subprocess.run(
        [*command, "--seed", "7", "--count", "40"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "every promise kept" in done.stdout
