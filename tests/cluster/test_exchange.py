"""Import and export at a running group: STIX, MISP and models in, STIX, CSV and JSON out; what is refused has told nothing.

usage: test_exchange.py [schemas]

With `schemas` the exported STIX is judged by stix2-validator instead (the variable STIX_VALIDATOR, or the search path),
and without that program the test is skipped."""
import csv
import decimal
import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

from cluster import Cluster, SKIPPED

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
EXAMPLES = os.path.join(ROOT, "examples")
BUNDLE = os.path.join(EXAMPLES, "stix", "bundle.json")
MODEL = os.path.join(EXAMPLES, "stix", "model.json")
SIGHTINGS = os.path.join(EXAMPLES, "misp", "sightings.json")
UUID = "11111111-2222-4333-8444-555555555555"
GARBAGE_BYTES = 10**9
ENDLESS_BYTES = 10**8  # what is read to its end
MEMORY_BYTES = 256 << 20  # of a client that is given garbage: address space, libraries included


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def credimus(cluster, *arguments, limited=False):
    return subprocess.run([cluster.binary, *arguments], capture_output=True, text=True, errors="replace", timeout=120,
                          preexec_fn=limit_memory if limited else None)


def items(cluster):
    """How much evidence the group has, and how many questions."""
    page = cluster.members[0].get("/v1/questions?limit=1000")
    return sum(belief["items"] for belief in page["questions"]), page["total"]


def done(result):
    assert result.returncode == 0, f"{result.args}: {result.returncode} {result.stderr}"
    return result


def refused(cluster, path, *options, words):
    before = items(cluster)
    result = credimus(cluster, "import", cluster.members[0].directory, path, *options, limited=True)
    assert result.returncode == 1, f"{path} {options}: {result.returncode} {result.stdout[:200]} {result.stderr[:300]}"
    for word in words:
        assert word in result.stderr, f"{path}: {result.stderr[:400]} does not say {word}"
    assert items(cluster) == before, f"{path}: something was told"


def log_likelihood(malicious, benign, n, confidence=100, repeat="0.5", before=0):
    """By decimals, as docs/exchange.md says it."""
    c = decimal.Decimal(confidence) / 100
    a, b = decimal.Decimal(malicious), decimal.Decimal(benign)
    mean = (a + b) / 2
    ratio = ((c * a + (1 - c) * mean) / (c * b + (1 - c) * mean)).ln()

    def effective(count):
        return count / (1 + (count - 1) * decimal.Decimal(repeat)) if count else decimal.Decimal(0)
    return ratio * (effective(before + n) - effective(before))


def told(cluster, path, *options):
    result = done(credimus(cluster, "import", cluster.members[0].directory, path, "--dry-run", *options))
    return [json.loads(line) for line in result.stdout.splitlines()]


def check_weights(cluster):
    """The lines of a dry run against a second implementation, to two quanta."""
    expected = [log_likelihood("0.4", "0.1", 1, 85), log_likelihood("0.5", "0.25", 12, 90),
                log_likelihood("0.5", "0.25", 3, before=12), log_likelihood("0.4", "0.1", 1, 30),
                log_likelihood("0.3", "0.3", 1), log_likelihood("0.05", "0.3", 1)]
    lines = told(cluster, BUNDLE, "--format", "stix", "--ask")
    assert len(lines) == len(expected), lines
    for line, value in zip(lines, expected):
        assert abs(decimal.Decimal(line["llr"]) - value) <= decimal.Decimal("2e-9"), (line, value)
        assert line["question"] == "0" * 32, line
    assert items(cluster) == (0, 0), "a dry run asked or told something"


def check_imports(cluster):
    m0, m1, m2, m3 = (member.directory for member in cluster.members)
    unknown = credimus(cluster, "import", m0, BUNDLE, "--format", "stix")
    assert unknown.returncode == 1 and "--ask" in unknown.stderr and "bundle.json:16" in unknown.stderr, unknown.stderr
    done(credimus(cluster, "import", m0, BUNDLE, "--format", "stix", "--ask", "--ack", "committed"))
    assert items(cluster) == (6, 2), items(cluster)
    again = done(credimus(cluster, "import", m0, BUNDLE, "--format", "stix", "--ask", "--ack", "committed"))
    assert items(cluster) == (6, 2), again
    other = credimus(cluster, "import", m0, BUNDLE, "--format", "stix", "--model", MODEL)
    assert other.returncode == 1 and "bundle.json:" in other.stderr, f"told otherwise before: {other}"
    assert items(cluster) == (6, 2), items(cluster)
    for directory in (m1, m2, m3):  # they find the questions by their titles
        done(credimus(cluster, "import", directory, BUNDLE, "--format", "stix", "--model", MODEL, "--ack", "final"))
    assert items(cluster) == (24, 2), items(cluster)
    done(credimus(cluster, "import", m0, SIGHTINGS, "--format", "misp", "--ask", "--ack", "final"))
    assert items(cluster) == (27, 4), items(cluster)


def bundle_of(*objects, **more):
    return json.dumps({"type": "bundle", "objects": list(objects), **more}).encode()


def sighting(**fields):
    return {"type": "sighting", "id": f"sighting--{UUID}", "sighting_of_ref": f"indicator--{UUID}", **fields}


def misp_of(**fields):
    return json.dumps([{"Sighting": {"uuid": "s", "attribute_uuid": "a", "type": "0", "date_sighting": "1", **fields}}],
                      indent=1).encode()


MODEL_HEAD = b'{"credimus_model": 1, "hypotheses": ["malicious", "benign"],\n"reports": '


def bad_files(cluster, folder):
    def write(name, data):
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    with open(BUNDLE, "rb") as file:
        whole = file.read()
    stix = {
        "wrong_type": (bundle_of(sighting(count="3")), ["objects[0].count", ":1:", "nothing was told"]),
        "last_of_many": (bundle_of(*[sighting(id=f"sighting--{i:08}{UUID[8:]}") for i in range(2000)], sighting(count=[])),
                         ["objects[2000].count"]),
        "not_a_bundle": (b'{"type": "report"}', ["bundle"]),
        "deep": (b'{"type":"bundle","objects":[' + b"[" * 10**6, ["objects"]),
        "deep_inside": (b'{"type":"bundle","objects":[{"x":' + b'{"a":' * 10**6, ["nested", "objects[0].x.a"]),
        "not_utf8": (b'{"type":"bundle",\n"id":"\xff\xfe"}', [":2: id", "UTF-8"]),
        "duplicate_key": (b'{"type":"bundle","type":"bundle"}', ["twice"]),
        "beyond_int64": (bundle_of(sighting(count=2**63)), ["objects[0].count", "999999999"]),
        "far_beyond": (bundle_of(sighting(count=10**100)), ["objects[0].count"]),
        "surrogate": (b'{"type":"bundle","id":"\\ud800"}', ["surrogate"]),
        "truncated": (whole[:1000], ["ends", "objects[2]"]),
        "empty": (b"", ["ends"]),
        "trailing": (whole + b"{}", ["after the end"]),
        "nothing_in_it": (b'{"type":"bundle"}', ["no indicator"]),
        "unasked": (bundle_of(sighting()), ["--skip-unknown"]),
    }
    for name, (data, words) in stix.items():
        refused(cluster, write(name, data), "--format", "stix", words=words)
    misp = {
        "unknown_type": (misp_of(type="3"), ["[0].Sighting.type", ":6:", "unknown type"]),
        "type_of_another_kind": (misp_of(type=None), ["[0].Sighting.type"]),
        "date_beyond_int64": (misp_of(date_sighting=str(2**63)), ["[0].Sighting.date_sighting"]),
        "no_subject": (b'[{"Sighting":{"type":0,"date_sighting":1}}]', ["attribute_uuid"]),
        "text": (b"hello\n", ["not JSON"]),
    }
    for name, (data, words) in misp.items():
        refused(cluster, write(name, data), "--format", "misp", words=words)
    models = {
        "zero": (MODEL_HEAD + b'{"seen": [0.5, 0]}}', [":2: reports.seen[1]", "proof"]),
        "sum": (MODEL_HEAD + b'{"seen": [0.7, 0.1], "expired": [0.31, 0.1]}}', ["reports", "more than 1"]),
        "no_row": (MODEL_HEAD + b'{"agree": [0.5, 0.1]}}', ["no row"]),
        "hypotheses": (MODEL_HEAD.replace(b"benign", b"harmless") + b'{"seen": [0.5, 0.1]}}', ["hypotheses"]),
    }
    for name, (data, words) in models.items():
        refused(cluster, BUNDLE, "--format", "stix", "--model", write("model_" + name, data), words=words)
    refused(cluster, folder, "--format", "stix", words=["directory"])
    refused(cluster, os.path.join(folder, "nowhere"), "--format", "misp", words=["No such file"])
    lines = write("bad.jsonl", b'{"question": "' + b"0" * 32 + b'", "observation": "a", "llr": 1}\n{"question": 7}\n')
    refused(cluster, lines, "--dry-run", words=["bad.jsonl:2", "question"])


def garbage(cluster, folder):
    """A gigabyte that is no evidence is refused by its size; less of it, read to the end, in little memory."""
    path = os.path.join(folder, "garbage")
    with open(path, "wb") as file:
        file.truncate(GARBAGE_BYTES)
    for options in (["stix"], ["misp"], ["jsonl"], ["csv"], ["jsonl", "--no-atomic"], ["csv", "--dry-run"]):
        refused(cluster, path, "--format", *options, words=["garbage"])
    with open(path, "wb") as file:
        file.write(b'{"type": "bundle", "objects": [{"x": [[]')
        while file.tell() < ENDLESS_BYTES:
            file.write(b",[]" * (1 << 18))
    for kind in ("stix", "misp"):
        refused(cluster, path, "--format", kind, words=["objects[0].x", "the file ends"])
    with open(path, "wb") as file:
        file.truncate(ENDLESS_BYTES)
    for kind in ("stix", "misp"):
        refused(cluster, path, "--format", kind, words=["garbage:1:", "0x00"])
    os.remove(path)


def check_csv(cluster):
    m0 = cluster.members[0]
    evil = m0.ask(title='=HYPERLINK("http://x","y")', hypotheses=["-a", "b"], mode="pool")
    out = done(credimus(cluster, "export", m0.directory, "--format", "csv")).stdout
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 10, rows
    for row in rows:
        belief = m0.show(row["question"])
        index = [name.lstrip("'") for name in (row["hypothesis"],)][0]
        place = belief["hypotheses"].index(index)
        assert float(row["posterior"]) == belief["posterior"][place], row
        assert int(row["log_odds_quanta"]) == belief["log_odds_quanta"][place], row
        assert not row["title"].startswith(("=", "+", "-", "@")) and not row["hypothesis"].startswith("-"), row
    assert any(row["question"] == evil for row in rows)


def check_stix(cluster, folder):
    m0 = cluster.members[0]
    certificates = os.path.join(folder, "certificates")
    output = os.path.join(folder, "out.json")
    os.mkdir(certificates)
    result = credimus(cluster, "export", m0.directory, "--format", "stix", "-o", output)
    assert result.returncode == 1 and not os.path.exists(output), "undecided questions are no indicators"
    done(credimus(cluster, "export", m0.directory, "--format", "stix", "--undecided", "-o", output, "--certificates",
                  certificates, "--url", "https://certificates.example"))
    with open(output) as file:
        bundle = json.load(file)
    indicators = [thing for thing in bundle["objects"] if thing["type"] == "indicator"]
    assert len(indicators) == 1, bundle
    indicator = indicators[0]
    reference = indicator["external_references"][0]
    belief = m0.show(reference["external_id"])
    assert indicator["confidence"] == int(belief["posterior"][0] * 100), indicator
    assert indicator["pattern"] == "[domain-name:value = 'login-harbor.example']", indicator
    certificate = os.path.join(certificates, reference["external_id"] + ".cert")
    with open(certificate, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == reference["hashes"]["SHA-256"]
    done(credimus(cluster, "verify", certificate, "--genesis", cluster.genesis))
    # What goes out comes in again: the exported indicator is itself a file of reports.
    lines = told(cluster, output, "--format", "stix", "--ask")
    assert len(lines) == 1 and lines[0]["observation"] == indicator["id"], lines


def check_json(cluster):
    m0 = cluster.members[0]
    document = json.loads(done(credimus(cluster, "export", m0.directory)).stdout)
    assert document["chain"] == m0.status()["chain"] and len(document["questions"]) == 5
    for belief in document["questions"]:
        sha256 = belief.pop("certificate_sha256")
        assert sha256 is None or (belief["finality"] == "final" and len(sha256) == 64), belief
    assert any(belief["finality"] == "final" for belief in document["questions"])


def schemas(validator):
    with Cluster(4) as cluster, tempfile.TemporaryDirectory() as folder:
        check_imports(cluster)
        output = os.path.join(folder, "out.json")
        done(credimus(cluster, "export", cluster.members[0].directory, "--format", "stix", "--undecided", "-o", output,
                      "--url", "https://certificates.example"))
        judged = subprocess.run([validator, "--version", "2.1", output, BUNDLE], capture_output=True, text=True, timeout=120)
        assert judged.returncode == 0 and "[X]" not in judged.stdout, judged.stdout + judged.stderr


def main():
    decimal.getcontext().prec = 40
    if sys.argv[1:] == ["schemas"]:
        validator = os.environ.get("STIX_VALIDATOR") or shutil.which("stix2_validator")
        if validator is None:
            print("stix2-validator is absent (pip install stix2-validator)")
            sys.exit(SKIPPED)
        schemas(validator)
        return
    with Cluster(4) as cluster, tempfile.TemporaryDirectory() as folder:
        check_weights(cluster)
        check_imports(cluster)
        bad_files(cluster, folder)
        garbage(cluster, folder)
        check_csv(cluster)
        check_stix(cluster, folder)
        check_json(cluster)


if __name__ == "__main__":
    main()
