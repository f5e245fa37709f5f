"""Runs docs/certificate-by-hand.md: its commands, with a shell, coreutils and openssl alone, must print what stands below them; and a
certificate with one byte changed must not come out the same.

usage: test_by_hand.py SOURCE_FOLDER [--write]

--write puts what is printed into the page.
"""
import json
import pathlib
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
SKIPPED = 77
SOURCE = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(SOURCE / "tests" / "docs"))
import pages  # pylint: disable=wrong-import-position

PAGE = SOURCE / "docs" / "certificate-by-hand.md"
EXAMPLE = SOURCE / "examples" / "verify"
TOOLS = "base64 basenc cat csplit cut date head mv od printf sha256sum tail tr wc".split()


def tools_only(folder):
    """A folder with the tools that the page allows and nothing else, for PATH."""
    folder.mkdir()
    for tool in [*TOOLS, "openssl"]:
        path = shutil.which(tool)
        if path is None:
            print(f"skipped: {tool} is not installed")
            sys.exit(SKIPPED)
        (folder / tool).symlink_to(path)
    return str(folder)


def printed(blocks, certificate, path, work):
    work.mkdir()
    (work / "answer.cert").write_text(certificate, encoding="utf-8")
    shutil.copy(EXAMPLE / "genesis.json", work)
    return pages.run([block for block, _ in blocks], work, {"PATH": path, "LC_ALL": "C"}, 100)


def main():
    page = PAGE.read_text(encoding="utf-8")
    blocks = pages.BLOCKS.findall(page)
    certificate = (EXAMPLE / "answer.cert").read_text(encoding="utf-8")
    vectors = json.loads((SOURCE / "tests" / "vectors" / "formats" / "vectors.json").read_text(encoding="utf-8"))
    assert vectors["certificates"][0]["file"] == certificate, "examples/verify/answer.cert is not that of the vectors"
    assert json.loads(vectors["genesis"]["json"]) == json.loads((EXAMPLE / "genesis.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="credimus-by-hand-") as name:
        folder = pathlib.Path(name)
        path = tools_only(folder / "tools")
        said, done = printed(blocks, certificate, path, folder / "good")
        assert done.returncode == 0 and len(said) == len(blocks), f"exit {done.returncode}\n{done.stdout}{done.stderr}"
        if "--write" in sys.argv:
            pages.write(PAGE, said)
            return
        for (block, expected), got in zip(blocks, said):
            assert got == expected, f"the page says\n{expected}\nand this is printed:\n{got}\nby\n{block}"
        assert done.stderr == "", done.stderr
        for number, word in enumerate(("belief ", "state ", "member ", "proof ", "height ", "north ")):
            at = certificate.index(word) + len(word) + (0 if word == "height " else 12)
            changed = certificate[:at] + ("A" if certificate[at] not in "A1" else "2") + certificate[at + 1:]
            other, _ = printed(blocks, changed, path, folder / f"changed-{number}")
            assert other != said, f"{word}was changed, and nothing printed differs"
    print(f"{len(blocks)} blocks of docs/certificate-by-hand.md print what they should")


main()
