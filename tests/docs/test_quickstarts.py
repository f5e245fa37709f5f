"""Runs docs/quickstart-*.md as a new user would: their commands, in order, in an empty folder with a copy of examples/, against a real group;
each must print what stands below it.

usage: test_quickstarts.py SOURCE_FOLDER [--write]    (CREDIMUS: the binary)

Ids, times, heights and sizes differ from run to run and may; probabilities, margins, thresholds and words may not. A line "..." stands
for any lines, "..." within a line for any text. Three things differ from what a user types: `credimus testnet up`, which a user leaves running
in a second terminal, runs in the background; the ports are free ones; and `pgrep` looks for members of this group alone. --write puts
what is printed into the pages where it is not what stands there.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(SOURCE / "tests" / "cluster"))
import pages  # pylint: disable=wrong-import-position
from cluster import SKIPPED, free_base_port  # pylint: disable=wrong-import-position

MEMBERS_MAX = 8
FIRST_PORT, FIRST_API = 7100, 8100  # those of a group that was made without --base-port
SECONDS_MAX = 120
# Between two blocks a user takes longer than the members take to tell one another: until those that answer have one height.
SETTLE = """settling=0
while [ $settling -lt 50 ] && [ "$(for port in {ports}; do curl -s -m 0.3 http://127.0.0.1:$port/v1/status |
    sed 's/\\("final_height": [0-9]*\\).*/\\1/; s/.*\\("height":\\)/\\1/'; done | sort -u | wc -l)" -gt 1 ]; do settling=$((settling + 1)); sleep 0.1; done
"""
UP = re.compile(r"credimus testnet up (\S+)(.*)\n")
# What differs from run to run, and what stands for it in the comparison.
VARIES = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\b[0-9a-f]{16,64}\b"), "HEX"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b(height|height is|view|certified|certified is|batch|log of|for) \d+"), r"\1 N"),
    (re.compile(r"\b\d+ (bytes|ms|s)\b"), r"N \1"),
    (re.compile(r"signed by \d+ of (\d+) members \((\d+) needed\), \d+ % of the weight:.*"), r"signed by \1, \2 needed"),
]


def plain(text):
    """Without what varies, without blanks at the ends of lines."""
    for pattern, name in VARIES:
        text = pattern.sub(name, text)
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


def same(said, printed):
    """Whether the page says what was printed."""
    pattern = ""
    for line in plain(said).splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("...")) + r"\n"
    return re.fullmatch(pattern, plain(printed)) is not None


def check_comparison():
    """It lets through what may differ, and nothing else."""
    said = "decided: a  99.59 %\n...\nsigned by 3 of 4 members (3 needed), 75 % of the weight: m0 m1 m2\nheight 6, 2026-01-02T03:04:05.6Z at 3/4\n"
    other = "decided: a  99.59 %\nb\nc\nsigned by 4 of 4 members (3 needed), 100 % of the weight: m0 m1\nheight 17, 2027-01-02T03:04:05.7Z at 3/4\n"
    assert same(said, said) and same(said, other)
    for old, new in [("99.59", "99.60"), ("decided: a", "decided: b"), ("3/4", "9/10"), ("(3", "(4"), ("height", "depth")]:
        assert not same(said, other.replace(old, new)), new
    assert not same("a\n", "") and not same("", "a\n") and same("", "") and not same("a...\n", "b\n")


def as_typed(block, base):
    """The block with the ports of this run; a group is left running, and its table is printed when it is there."""
    up = UP.fullmatch(block)
    if up is None:
        return block.replace(f"127.0.0.1:{FIRST_API}", f"127.0.0.1:{base + 1000}").replace("pgrep -f", "pgrep -P $up -f")
    return (f": >up.log\ncredimus testnet up {up[1]}{up[2]} --base-port {base} >up.log 2>&1 &\nup=$!\n"
            "until grep -q running up.log || ! kill -0 $up 2>/dev/null; do sleep 0.1; done\ncat up.log\n")


def as_printed(text, base):
    for first, real in ((FIRST_PORT, base), (FIRST_API, base + 1000)):
        for member in range(MEMBERS_MAX):
            text = text.replace(f"127.0.0.1:{real + member}", f"127.0.0.1:{first + member}")
    return text


def end_members(work):
    """Also those that the page has stopped: they would not see that the group ends."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == str(work) and b"credimus" in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue  # it has ended, or is somebody else's


def run_page(blocks, folder):
    work = folder / "work"
    shutil.copytree(SOURCE / "examples", work / "examples")
    tools = folder / "bin"
    tools.mkdir()
    (tools / "credimus").symlink_to(os.path.abspath(os.environ.get("CREDIMUS", SOURCE / "build" / "credimus")))
    base = free_base_port(2 * MEMBERS_MAX)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "HOME": str(work), "BASE_PORT": str(base + MEMBERS_MAX),
                   "TMPDIR": str(folder)}
    end = '[ -z "${up:-}" ] || { kill -TERM $up; wait $up; }\n'
    try:
        settle = SETTLE.replace("{ports}", " ".join(str(base + 1000 + i) for i in range(MEMBERS_MAX)))
        commands = [settle + as_typed(block, base) for block, _ in blocks]
        said, done = pages.run([*commands, end], work, environment, SECONDS_MAX, subprocess.STDOUT)
    finally:
        end_members(work)
    assert len(said) == len(blocks) + 1, f"the shell ended with {done.returncode} after {len(said) - 1} blocks:\n{done.stdout}"
    return [as_printed(text, base) for text in said[:-1]]


def check_page(path):
    began = time.monotonic()
    blocks = pages.BLOCKS.findall(path.read_text(encoding="utf-8"))
    assert blocks, f"{path.name} has no commands"
    with tempfile.TemporaryDirectory(prefix="credimus-quickstart-") as name:
        said = run_page(blocks, pathlib.Path(name))
    differing = [number for number, (block, got) in enumerate(zip(blocks, said)) if not same(block[1], got)]
    if "--write" in sys.argv:
        pages.write(path, [got if number in differing else None for number, got in enumerate(said)])
    for number in differing:
        print(f"{path.name} says\n{blocks[number][1]}\nand this is printed:\n{said[number]}\nby\n{blocks[number][0]}")
    print(f"{path.name}: {len(blocks) - len(differing)} of {len(blocks)} blocks print what they should, {time.monotonic() - began:.1f} s")
    return not differing


def main():
    for tool in ("awk", "curl", "pgrep", "sed", "sha256sum"):
        if shutil.which(tool) is None:
            print(f"skipped: {tool} is not installed")
            sys.exit(SKIPPED)
    check_comparison()
    paths = sorted((SOURCE / "docs").glob("quickstart-*.md"))
    assert len(paths) == 3, paths
    sys.exit(0 if all([check_page(path) for path in paths]) else 1)


main()
