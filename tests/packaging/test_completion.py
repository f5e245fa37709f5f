"""Completions: bash and zsh offer every subcommand, and of each every option.

usage: test_completion.py BASH_FILE ZSH_FILE
"""
import shutil
import subprocess
import sys

from commands import commands, skip

BASH = r"""
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_credimus
printf '%s\n' "${COMPREPLY[@]}"
"""

# The functions of zsh's own completion are replaced by ones that print what they are given.
ZSH = r"""
compdef() { : }
_describe() { print -rl -- ${(P)2%%:*} }
_files() { print -r -- _files }
_arguments() { print -rl -- "$@" }
source "$1"
shift
words=("$@") CURRENT=$#
_credimus
"""


def run(shell, script, file, *words):
    done = subprocess.run([*shell, "-c", script, shell[0], file, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == "", (words, done.stderr)
    return [line for line in done.stdout.splitlines() if line]


def check_bash(found):
    bash = lambda *words: run(["bash", "--norc", "--noprofile"], BASH, sys.argv[1], "credimus", *words)
    assert set(bash("")) == {name.split()[0] for name in found} | {"help", "--help", "--version"}
    for family in {name.split()[0] for name in found if " " in name}:
        assert set(bash(family, "")) == {name.split()[1] for name in found if name.startswith(family + " ")}, family
    for name, options in found.items():
        offered = set(bash(*name.split(), "-"))
        assert offered == options - {"-h"}, f"{name}: {offered ^ options}"
    assert bash("sta") == ["start", "status"] and bash("key", "s") == ["show"] and bash("completion", "z") == ["zsh"]
    assert bash("start", "--rec") == ["--recover"]
    assert "/etc/passwd" in bash("start", "/etc/passw") and "/etc/passwd" in bash("certificate", "-o", "/etc/passw")
    assert bash("nonsense", "--x") == []


def check_zsh(found):
    zsh = lambda *words: run(["zsh", "-f"], ZSH, sys.argv[2], "credimus", *words)
    assert set(zsh("")) == {name.split()[0] for name in found} | {"help"}
    for family in {name.split()[0] for name in found if " " in name}:
        assert set(zsh(family, "")) == {name.split()[1] for name in found if name.startswith(family + " ")}, family
    for name, options in found.items():
        offered = " ".join(zsh(*name.split(), "-", "-"))
        for option in options:
            assert option in offered, f"{name}: {option} is missing in {offered}"


def main():
    found = commands()
    check_bash(found)
    if shutil.which("zsh") is None:
        skip("no zsh to try its completion in (Debian: zsh); that of bash was tried")
    check_zsh(found)
    print(f"bash and zsh complete {len(found)} commands and their options")


main()
