"""Random families to the code and to the oracle; every line of the results must be the same.

usage: compare.py ORACLE_FOLDER CALIBRATE

SEED and COUNT in the environment replay a run; the seed is printed.
"""
import contextlib
import io
import os
import random
import subprocess
import sys


def text_of(printer, families):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        for family in families:
            printer(family)
    return text.getvalue()


def main():
    sys.path.insert(0, sys.argv[1])
    sys.dont_write_bytecode = True
    import calibration  # pylint: disable=import-outside-toplevel
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    count = int(os.environ.get("COUNT", 12))
    print(f"seed {seed}, {count} families")
    families = [calibration.random_family(seed + i) for i in range(count)]
    cases = text_of(calibration.print_case, families)
    found = subprocess.run([sys.argv[2]], input=cases, capture_output=True, text=True, check=True).stdout.split("\n")
    expected = text_of(calibration.print_result, families).split("\n")
    assert len(expected) > count and expected[-2] == "done"
    family = ""
    for number, (left, right) in enumerate(zip(found, expected)):
        family = right if right.startswith("result") else family
        assert left == right, f"line {number} ({family}):\n{left[:200]}\ninstead of\n{right[:200]}"
    assert len(found) == len(expected), f"{len(found)} lines instead of {len(expected)}"
    print(f"{len(found)} lines are the same")


if __name__ == "__main__":
    main()
