"""Every subcommand has a page, every page every option, credimus(1) lists all, and mandoc has nothing to say.

usage: test_manual.py CREDIMUS_MANUAL SOURCES
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from commands import commands, output, skip


def check_page(name, options, text):
    """The options that its page explains are those that it has, neither fewer nor more."""
    explained = set()
    for line in text.splitlines():
        if line.startswith(".It "):
            explained |= {option.replace("\\-", "-") for option in re.findall(r" Fl (\S+)", line)}
    explained = {f"-{option}" for option in explained}
    assert explained == options, f"{name}: {explained ^ options}"
    sections = [line[4:] for line in text.splitlines() if line.startswith(".Sh ")]
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SEE ALSO"):
        assert sections.count(section) == 1, f"{name}: {sections}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], sys.argv[2], folder], check=True)
        overview = open(os.path.join(folder, "credimus.1")).read()
        found = commands()
        for name, options in found.items():
            page = f"credimus-{name.replace(' ', '-')}"
            check_page(name, options, open(os.path.join(folder, f"{page}.1")).read())
            assert f".It Xr {page} 1\n" in overview, f"{page} is not listed in credimus.1"
        assert len(os.listdir(folder)) == len(found) + 1, os.listdir(folder)
        # A fragment that no command takes would be read by nobody.
        for name in os.listdir(sys.argv[2]):
            assert not name.endswith(".in") or os.path.exists(os.path.join(folder, name[:-3] + ".1")), f"{name} is of no command"
        # The keys of config.json are those that the binary shows.
        format_page = open(os.path.join(sys.argv[2], "credimus.5")).read()
        group = os.path.join(folder, "group")
        output("testnet", "new", group)
        for line in output("config", "show", os.path.join(group, "m0")).splitlines():
            key = line.split()[0].split("[")[0]
            assert "genesis.json" in line or key in ("NAME", "key", "key.next", "key.old", "token", "token-write", "token-read") or f".It Cm {key}\n" in format_page, key
        if shutil.which("mandoc") is None:
            skip("no mandoc to lint the pages with (Debian: mandoc); all else was checked")
        pages = [os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".1")] + [os.path.join(sys.argv[2], "credimus.5")]
        lint = subprocess.run(["mandoc", "-Tlint", "-Wstyle", *pages], capture_output=True, text=True)
        said = [line for line in lint.stdout.splitlines() if "referenced manual not found" not in line and "Mdocdate" not in line]
        assert not said, "\n".join(said)
        print(f"{len(pages)} pages, every option of {len(found)} commands, mandoc has nothing to say")


main()
