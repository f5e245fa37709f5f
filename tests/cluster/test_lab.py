"""The attack lab by its command: what it refuses, what it writes, and how it judges the Bluebird data with liars."""
import csv
import html.parser
import os
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
# Coherent liars among the people, canaries, in percent; the least accuracy of the calibrated verdicts, 10 seeds.
BOUNDS = [(0, 0, 0.875), (25, 0, 0.90), (32, 0, 0.91), (40, 0, 0.91), (49, 10, 0.85)]


def lab(*arguments):
    return subprocess.run([os.environ["CREDIMUS"], "lab", *map(str, arguments)], capture_output=True, text=True, timeout=300)


class Balance(html.parser.HTMLParser):
    """Every element that is opened is closed, and nothing is fetched from anywhere."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta",):
            self.open.append(tag)
        assert not any(name in ("src", "href") for name, _ in attrs), (tag, attrs)

    def handle_startendtag(self, tag, attrs):
        assert not any(name in ("src", "href") for name, _ in attrs), (tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.open)


def check_refusals():
    for arguments, word in [(["--fraction", 50], "at most 49"), (["--adversaries", 50, "--labels", "a", "--truth", "b"], "at most 49"),
                            (["--attack", "nonsense"], "no attack"), (["--members", 3], "--members"),
                            (["--fraction", "32,10"], "ascending"), (["--labels", "a"], "--truth"),
                            (["--labels", "/nonexistent", "--truth", "/nonexistent"], "/nonexistent")]:
        refused = lab(*arguments)
        assert refused.returncode != 0 and word in refused.stderr, (arguments, refused)


def check_outputs():
    with tempfile.TemporaryDirectory() as folder:
        table, page = os.path.join(folder, "lab.csv"), os.path.join(folder, "lab.html")
        run = lab("--quick", "--attack", "gross-lie,split", "--csv", table, "--html", page)
        assert run.returncode == 0, run
        assert run.stdout == lab("--quick", "--attack", "gross-lie,split").stdout, "the same seed, the same figures"
        with open(table, encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        # Two attacks, three fractions, two modes, five estimators.
        assert len(rows) == 2 * 3 * 2 * 5 and sum(int(row["broken_margins"]) for row in rows) == 0
        with open(page, encoding="utf-8") as file:
            text = file.read()
        balance = Balance()
        balance.feed(text.replace("<!doctype html>", ""))
        assert balance.open == [] and "prefers-color-scheme:dark" in text and "://" not in text


def accuracies(labels, truth, adversaries, canaries):
    run = lab("--labels", labels, "--truth", truth, "--adversaries", adversaries, "--canaries", canaries, "--seeds", 10)
    assert run.returncode == 0, run
    print(run.stdout)
    return {name: float(value) for name, value in re.findall(r"^([A-Za-z,\- ]+?)  +(\d\.\d+) ", run.stdout, re.M)}


def main():
    folder = sys.argv[1]
    check_refusals()
    check_outputs()
    labels, truth = os.path.join(folder, "labels.csv"), os.path.join(folder, "truth.csv")
    if not os.path.exists(labels):
        print("skipped: the Bluebird data is not here (it is not part of the product)")
        sys.exit(SKIPPED)
    for adversaries, canaries, least in BOUNDS:
        found = accuracies(labels, truth, adversaries, canaries)
        assert found["calibrated"] >= least, (adversaries, canaries, found)
        assert found["calibrated"] >= found["majority vote"], (adversaries, canaries, found)


main()
