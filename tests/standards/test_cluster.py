"""What a real group hands out, read by readers that know the standards and the formats document but none of the C: a certificate, its
checkpoint as a signed note, receipts of a verdict and of batches, batch headers; and by @auth0/cose where npm can install it.

usage: test_cluster.py BUILD_FOLDER SOURCE_FOLDER
"""
import base64
import http.client
import json
import pathlib
import sys

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(sys.argv[2])
sys.path[:0] = [str(SOURCE / "tests" / "oracle"), str(SOURCE / "tests" / "cluster")]
import cbor  # pylint: disable=wrong-import-position
import cose  # pylint: disable=wrong-import-position
import readers  # pylint: disable=wrong-import-position
from cluster import Cluster, Refused  # pylint: disable=wrong-import-position


def fetch(member, path):
    """The raw answer and its type, whatever it says it is."""
    connection = member.connection()
    connection.request("GET", path, headers={"Authorization": f"Bearer {member.token}"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status >= 400:
        raise Refused(response.status, body.decode(errors="replace"))
    return body, response.getheader("Content-Type")


def refused(member, path, code):
    try:
        fetch(member, path)
    except Refused as refusal:
        assert refusal.code == code, f"{path}: {refusal}"
        return
    raise AssertionError(f"{path} was answered")


def ask_and_tell(cluster, title, decide_at, tellers):
    m0 = cluster.members[0]
    question = m0.ask(title=title, hypotheses=["yes", "no"], mode="pool", decide_at=decide_at, min_margin=1, cap="2", rho="0")
    for member in tellers:
        cluster.wait_until(lambda m=member: m.show(question), "the member knows the question")
        member.post("/v1/evidence?ack=committed", {"question": question, "observation": f"of {member.number}", "llr": "3"})
    return question


def decided(cluster):
    """A question with its verdict in the log; every member has a batch there as well."""
    ask_and_tell(cluster, "Has everybody spoken?", "50000", cluster.members)
    question = ask_and_tell(cluster, "Is the standard met?", "2", cluster.members[:3])
    cluster.wait_until(lambda: cluster.members[0].show(question)["status"] == "decided", "it is decided")
    return question


def check_note(file, genesis):
    note = file.partition("\n\n")[2]
    text, signers = readers.read_note(note, genesis["members"])
    assert len(signers) >= 3, signers
    # Any line changed: the text is what was signed.
    for at in (3, text.index("height") + 7, len(text) - 2):
        changed = note[:at] + ("1" if note[at] != "1" else "2") + note[at + 1:]
        refuses(readers.read_note, changed, genesis["members"])
    # A stranger's line is no fault, a stranger alone is.
    stranger = f"{readers.DASH} stranger {base64.b64encode(bytes(68)).decode()}\n"
    assert readers.read_note(note + stranger, genesis["members"])[1] == signers
    refuses(readers.read_note, text + "\n" + stranger, genesis["members"])


def refuses(read, *arguments):
    try:
        read(*arguments)
    except (readers.Refused, ValueError, KeyError, IndexError):
        return
    raise AssertionError(f"{read.__name__} accepts what was changed")


def check_receipt(member, path, genesis, cases):
    receipt, kind = fetch(member, f"/v1/receipts/{path}")
    assert kind == 'application/cose; cose-type="cose-sign1"', kind
    entry, kind = fetch(member, f"/v1/receipts/{path}/entry")
    assert kind == "application/cbor", kind
    said = readers.read_receipt(receipt, entry, genesis["members"], genesis["chain"])
    assert said["member"] == member.number, said
    refuses(readers.read_receipt, receipt, entry + b"\0", genesis["members"], genesis["chain"])
    refuses(readers.read_receipt, receipt, entry, genesis["members"], bytes(32))
    cases += cose.receipt_cases(f"receipt of m{member.number}", receipt, genesis["members"][member.number][1], said["root"])
    return entry, said


def check_question(cluster, question, genesis, cases):
    """Members sign one root at one size, and the certificate has the same entry."""
    roots = {}
    file, _ = fetch(cluster.members[1], f"/v1/certificates/{question}")
    belief, _, checkpoint = readers.read_certificate(file.decode(), pathlib.Path(cluster.genesis).read_text(encoding="utf-8"))
    roots[checkpoint["size"]] = checkpoint["root"]
    for member in cluster.members:
        cluster.wait_until(lambda m=member: fetch(m, f"/v1/receipts/{question}"), "the member has certified the verdict")
        entry, said = check_receipt(member, question, genesis, cases)
        assert cbor.decode(entry) == belief and belief[1].hex() == question
        assert roots.setdefault(said["size"], said["root"]) == said["root"], "two roots of one size"
    check_note(file.decode(), genesis)
    cluster.run("verify", write(cluster, file), "--genesis", cluster.genesis, "--expect", "yes")


def write(cluster, file):
    path = pathlib.Path(cluster.directory) / "standard.cert"
    path.write_bytes(file)
    return str(path)


def check_batches(cluster, genesis, cases):
    m0 = cluster.members[0]
    for author in range(len(cluster.members)):
        entry, _ = check_receipt(m0, f"batches/{author}/1", genesis, cases)
        fields, _ = readers.read_header(entry, genesis["members"], genesis["chain"])
        assert fields[1:3] == [author, 1] and fields[4] == bytes(32), fields
        cases += cose.header_cases(f"header of m{author}", entry, genesis["members"][author][1], genesis["chain"])


def check_refusals(cluster):
    m0 = cluster.members[0]
    still_open = m0.ask(title="Still open?", hypotheses=["yes", "no"], mode="pool")
    for path, code in [(still_open, 409), (f"{still_open}/entry", 409), ("00" * 16, 404), ("batches/0/4000000000", 404),
                       ("batches/200/1", 404), ("batches/256/1", 400), ("batches/0/0", 404), ("batches/0", 400), ("batches/0/1/2", 400),
                       ("batches/-1/1", 400), ("batches/00/1", 400), ("batches/0/1e3", 400), ("batches//1", 400), ("batches/", 400),
                       ("entry", 400), ("/entry", 400), ("0123", 400), ("x" * 200, 400), ("batches/0/99999999999999999999", 400)]:
        refused(m0, f"/v1/receipts/{path}", code)
    refused(m0, f"/v1/receipts/{still_open}?from=1", 422)
    try:
        m0.post(f"/v1/receipts/{still_open}", {})
        raise AssertionError("a receipt was posted")
    except Refused as refusal:
        assert refusal.code == 405, refusal


def main():
    cases = []
    with Cluster(4) as cluster:
        genesis = readers.genesis_of(pathlib.Path(cluster.genesis).read_text(encoding="utf-8"))
        question = decided(cluster)
        check_question(cluster, question, genesis, cases)
        check_batches(cluster, genesis, cases)
        check_refusals(cluster)
    print("independent readers: certificate, note, receipts and headers hold")
    try:
        cose.verify(cose.install(sys.argv[1]), cases)
    except cose.Unavailable as why:
        print(f"@auth0/cose was left out: {why}")


main()
