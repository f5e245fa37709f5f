"""The subcommands as the binary itself lists them in its help: what pages and completions are held against."""
import os
import re
import subprocess
import sys

SKIPPED = 77  # what Meson takes for a skipped test
BINARY = os.environ.get("CREDIMUS") or os.path.join(os.getcwd(), "build", "credimus")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def output(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=True, timeout=60).stdout


def commands():
    """{"key new": {"--json", "--help", "-h"}, ...}"""
    listed = output("help").split("commands:\n")[1].split("\n\n")[0]
    names = [re.match(r"  (\S+(?: \S+)?)(?:  | [A-Z])", line).group(1) for line in listed.splitlines()]
    assert len(names) > 20 and len(set(names)) == len(names), names
    found = {}
    for name in names:
        lines = output(*name.split(), "--help").split("\noptions:\n")[1].split("\n\n")[0].splitlines()
        found[name] = {word for line in lines for word in re.findall(r"(?<!\S)-{1,2}[a-z][a-z-]*", line[:28])}
        assert "--help" in found[name], (name, lines)
    return found
