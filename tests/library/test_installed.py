"""libcredimus as somebody else gets it: installed into a folder, found by pkg-config, linked shared and static.

usage: test_installed.py BUILD_FOLDER SOURCE_FOLDER
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

BUILD, SOURCE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
ROOT = BUILD / "tests" / "library" / "root"
WORK = BUILD / "tests" / "library" / "work"
HOLDS, INVALID, MISUSE, UNEXPECTED = 0, 1, 2, 3
# What a program that verifies has anyway: pure functions of libc, arithmetic of the compiler, and two hash and signature libraries.
ALLOWED = re.compile(r"mem(cpy|move|set|cmp|chr)|str(len|nlen|cmp|ncmp)|__mem(cpy|set|move)_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_"
                     r"|__u?(div|mod|divmod|mul)ti[34]|__popcountdi2|__popcountsi2|SHA256_(Init|Update|Final)"
                     r"|crypto_(sign|core)_ed25519_\w+|sodium_mem(cmp|zero)")


def run(*command, expect=0, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False, **more)
    assert done.returncode == expect, f"{command}: exit {done.returncode}, not {expect}\n{done.stdout}{done.stderr}"
    return done.stdout


def install():
    shutil.rmtree(ROOT, ignore_errors=True)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--tags", "runtime,devel", "--destdir", ROOT)
    return next(ROOT.rglob("credimus.pc"))


def pkg_config(pc, *options):
    folders = [str(pc.parent), os.environ.get("PKG_CONFIG_PATH", "")]
    environment = {**os.environ, "PKG_CONFIG_PATH": ":".join(filter(None, folders)), "PKG_CONFIG_SYSROOT_DIR": str(ROOT)}
    return run("pkg-config", *options, "credimus", env=environment).split()


def symbols(*arguments):
    rows = [line.split() for line in run("nm", *arguments).splitlines()]
    return [row[-1].split("@")[0] for row in rows if len(row) > 1]


def check_symbols(shared, archive):
    """The names that may be relied on are a list in the repository; nothing else is to be seen."""
    expected = (SOURCE / "tests" / "library" / "symbols.txt").read_text().split()
    exported = [name for name in symbols("-D", "--defined-only", shared) if not name.startswith("CREDIMUS_")]
    assert sorted(exported) == expected, f"exported: {sorted(set(exported) ^ set(expected))} differ from tests/library/symbols.txt"
    assert sorted(symbols("-g", "--defined-only", archive)) == expected, "the archive shows other names than the shared library"
    declared = set()
    for header in (SOURCE / "include" / "credimus").glob("*.h"):
        declared.update(re.findall(r"\b(credimus_\w+)\(", header.read_text()))
    assert declared >= set(expected), f"exported and in no header: {set(expected) - declared}"
    for name in symbols("-u", archive):
        assert ALLOWED.fullmatch(name), f"the library uses {name}: neither memory of its own nor input or output"
    assert "SONAME" in run("readelf", "-d", shared) and "libcredimus.so.0]" in run("readelf", "-d", shared)


def check_pages():
    """Every function has its manual page, and the pages are well formed where mandoc can say so."""
    pages = sorted((SOURCE / "packaging" / "man").glob("*.3"))
    text = "".join(page.read_text() for page in pages)
    for name in (SOURCE / "tests" / "library" / "symbols.txt").read_text().split():
        assert f".Fn {name}" in text or f".Fo {name}" in text, f"no page in packaging/man speaks of {name}"
    if shutil.which("mandoc"):
        said = subprocess.run(["mandoc", "-Tlint", *map(str, pages)], capture_output=True, text=True, check=False).stdout
        # The pages refer to each other, and none of them is installed where mandoc looks.
        wrong = [line for line in said.splitlines() if "referenced manual not found" not in line]
        assert not wrong, "\n".join(wrong)
    else:
        print("mandoc is not installed: the pages were not linted")


def compiled(program, source, *words):
    run(os.environ.get("CC", "cc"), "-std=c17", "-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", WORK / program, source, *words)
    return WORK / program


def files():
    """A certificate and a genesis of the vectors, and the certificate with one byte changed."""
    vectors = json.loads((SOURCE / "tests" / "vectors" / "formats" / "vectors.json").read_text())
    good = vectors["certificates"][0]["file"]
    at = good.index("belief ") + 50
    forged = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1:]
    for name, text in {"good.cert": good, "forged.cert": forged, "genesis.json": vectors["genesis"]["json"]}.items():
        (WORK / name).write_text(text)
    return WORK / "good.cert", WORK / "forged.cert", WORK / "genesis.json"


def check_program(program, environment):
    good, forged, genesis = files()
    said = run(program, good, genesis, env=environment)
    assert said == "Is the lamp of Cape Mist lit? lit: 3 of 4 signed, 2 would have had to lie\n", said
    for words, answer in [((good, genesis, "lit", "0.95"), HOLDS), ((good, genesis, "dark"), UNEXPECTED),
                          ((good, genesis, "lit", "0.96"), UNEXPECTED), ((good, genesis, "lit", "much"), MISUSE),
                          ((forged, genesis), INVALID), ((forged, genesis, "dark"), INVALID), ((genesis, genesis), INVALID),
                          ((good, good), MISUSE), ((good,), MISUSE)]:
        run(program, *words, expect=answer, env=environment)


def main():
    pc = install()
    libraries = pc.parent.parent
    shared, archive = libraries / "libcredimus.so", libraries / "libcredimus.a"
    check_symbols(shared, archive)
    check_pages()
    example, quiet = SOURCE / "examples" / "verify" / "verify.c", SOURCE / "tests" / "library" / "quiet.c"
    assert len(example.read_text().splitlines()) <= 40, "the example is to be short"
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    flags = pkg_config(pc, "--cflags", "--libs")
    more = [word for word in pkg_config(pc, "--static", "--libs") if word != "-lcredimus"]
    static = [*pkg_config(pc, "--cflags"), archive, *more]
    check_program(compiled("shared", example, *flags), environment)
    check_program(compiled("static", example, *static), {**os.environ, "LD_LIBRARY_PATH": ""})
    good, forged, genesis = files()
    for program in (compiled("quiet", quiet, *flags), compiled("quiet-static", quiet, *static)):
        run(program, good, genesis, env=environment)
        run(program, forged, genesis, expect=INVALID, env=environment)
    if shutil.which("c++"):
        (WORK / "both.cc").write_text("#include <credimus/evidence.h>\n#include <credimus/verify.h>\nint main() {}\n")
        run("c++", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", WORK / "both", WORK / "both.cc", *flags)
    version = pkg_config(pc, "--modversion")[0]
    assert (libraries / f"libcredimus.so.{version}").exists()
    shutil.rmtree(ROOT)
    print("the installed library: symbols, pages, example, no heap, no system calls")


main()
