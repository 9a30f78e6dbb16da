"""The reports run; what they report is for people."""

import subprocess
import sys


def test_the_report_on_one_advice_names_every_part(root):
    command = [sys.executable, str(root / "benchmarks" / "advise.py"), "--runs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for part in ("import", "load", "compile", "size", "rules", "render", "µs an activation"):
        assert part in done.stdout


def test_the_report_on_batches_of_estimates_counts_lines_and_parts(root):
    command = [sys.executable, str(root / "benchmarks" / "estimate.py"), "--lines", "40"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for part in ("40 lines", "once more", "plans sized", "explain and write", "MiB"):
        assert part in done.stdout
