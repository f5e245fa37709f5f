"""`credimus verify` as a gate: every exit status, on certificates of the vectors; then the jury of examples/jury on real members.

usage: test_gate.py SOURCE_FOLDER
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(sys.argv[1])
sys.path[:0] = [str(SOURCE / "tests" / "cluster")]
from cluster import free_base_port  # pylint: disable=wrong-import-position

CREDIMUS = os.environ["CREDIMUS"]
HOLDS, INVALID, MISUSE, UNEXPECTED = 0, 1, 2, 3
TITLE = "Is the lamp of Cape Mist lit?"  # of the vectors' verdict


def run(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, check=False, **more)


def gate(expected, *words):
    done = run(CREDIMUS, "verify", *words)
    assert done.returncode == expected, f"{words}: exit {done.returncode}, not {expected}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def files(folder):
    vectors = json.loads((SOURCE / "tests" / "vectors" / "formats" / "vectors.json").read_text(encoding="utf-8"))
    good, standing = (row["file"] for row in vectors["certificates"])
    at = good.index("belief ") + 50
    texts = {"good": good, "open": standing, "forged": good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1:],
             "genesis": vectors["genesis"]["json"], "other": vectors["genesis"]["json"].replace("lighthouses", "lighthouse"),
             "empty": "", "half": good[:len(good) // 2]}
    paths = {}
    for name, text in texts.items():
        paths[name] = folder / name
        paths[name].write_text(text, encoding="utf-8")
    return paths


def check_statuses(folder):
    """The verdict of the vectors: lit, three nats ahead, which is 0.952574126822433...; margin 2; three of four have signed."""
    f = files(folder)
    genesis = ["--genesis", f["genesis"]]
    for words, expected in [
            ([], HOLDS), (["--expect", "lit"], HOLDS), (["--expect", "dark"], UNEXPECTED), (["--expect", "li"], UNEXPECTED),
            (["--expect", ""], UNEXPECTED), (["--min-margin", "2"], HOLDS), (["--min-margin", "3"], UNEXPECTED),
            (["--min-margin", "257"], MISUSE), (["--min-margin", "-1"], MISUSE), (["--min-margin", "2.0"], MISUSE),
            (["--min-probability", "0.95"], HOLDS), (["--min-probability", "0.952574126822"], HOLDS),
            (["--min-probability", "0.952574126823"], UNEXPECTED), (["--min-probability", "0"], HOLDS),
            (["--min-probability", "9e-1"], HOLDS), (["--min-probability", "1"], UNEXPECTED), (["--min-probability", "1.0001"], MISUSE),
            (["--min-probability", "-0.1"], MISUSE), (["--min-probability", "nan"], MISUSE), (["--min-probability", "90%"], MISUSE),
            (["--min-probability", "0.9523809523809523809"], MISUSE), (["--min-probability", ""], MISUSE),
            (["--threshold", "3/4"], HOLDS), (["--threshold", "7/10"], HOLDS), (["--threshold", "9/10"], UNEXPECTED),
            (["--threshold", "1/2"], MISUSE), (["--threshold", "5/4"], MISUSE), (["--threshold", "much"], MISUSE),
            (["--title", TITLE], HOLDS), (["--title", TITLE + " "], UNEXPECTED), (["--title", TITLE[:-1]], UNEXPECTED),
            (["--title", ""], UNEXPECTED), (["--title", TITLE, "--expect", "dark"], UNEXPECTED),
            (["--expect", "lit", "--min-probability", "0.9", "--min-margin", "2", "--threshold", "3/4"], HOLDS)]:
        gate(expected, f["good"], *genesis, *words)
    for words, expected in [([], HOLDS), (["--expect", "\u7dd1"], UNEXPECTED),
                            (["--min-probability", "0.4"], HOLDS), (["--min-probability", "0.41"], UNEXPECTED)]:
        gate(expected, f["open"], *genesis, *words)
    # What does not hold does not hold, whatever is asked of it.
    for name in ("forged", "empty", "half", "genesis", "missing"):
        for words in ([], ["--expect", "dark"], ["--min-margin", "200"], ["--threshold", "9/10"], ["--title", TITLE], ["--title", "x"]):
            gate(INVALID, f.get(name, folder / "missing"), *genesis, *words)
    gate(INVALID, f["good"], "--genesis", f["other"])
    gate(MISUSE, f["good"], "--genesis", folder / "missing")
    gate(MISUSE, f["good"], "--genesis", f["good"])
    gate(MISUSE, f["good"])
    gate(MISUSE)
    gate(MISUSE, f["good"], f["good"], *genesis)
    gate(MISUSE, f["good"], *genesis, "--min-propability", "0.9")
    assert "NOT AS ASKED" in gate(UNEXPECTED, f["good"], *genesis, "--expect", "dark")
    assert "REFUSED" in gate(INVALID, f["forged"], *genesis, "--expect", "dark")
    said = json.loads(run(CREDIMUS, "verify", f["good"], *genesis, "--json").stdout)
    assert abs(said["probability"] - 0.952574126822433) < 1e-12 and said["flip_margin"] == 2, said


def check_jury(folder):
    for name, expected in [("good", HOLDS), ("split", UNEXPECTED)]:
        certificate = folder / f"{name}.cert"
        environment = {**os.environ, "BASE_PORT": str(free_base_port(8)), "CERTIFICATE": str(certificate)}
        done = run(SOURCE / "examples" / "jury" / "gate", SOURCE / "examples" / "jury" / name, env=environment)
        assert done.returncode == expected, f"{name}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        genesis = ["--genesis", f"{certificate}.genesis.json"]
        gate(HOLDS, certificate, *genesis)
        gate(expected, certificate, *genesis, "--expect", "pass", "--min-probability", "0.9", "--min-margin", "3")
        gate(UNEXPECTED, certificate, *genesis, "--min-margin", "8")
    empty = folder / "nobody"
    empty.mkdir()
    assert run(SOURCE / "examples" / "jury" / "gate", empty).returncode == MISUSE
    assert run(SOURCE / "examples" / "jury" / "gate").returncode == MISUSE
    lost = run(SOURCE / "examples" / "jury" / "gate", SOURCE / "examples" / "jury" / "good", env={**os.environ, "CREDIMUS": str(folder / "lost")})
    assert lost.returncode == MISUSE and "is not there" in lost.stderr, lost


with tempfile.TemporaryDirectory(prefix="credimus-gate-") as name:
    check_statuses(pathlib.Path(name))
    print("credimus verify: every exit status")
    check_jury(pathlib.Path(name))
    print("examples/jury: one change passes, the other does not")
