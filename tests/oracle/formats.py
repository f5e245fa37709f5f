#!/usr/bin/env python3
"""Writes, or compares, the test vectors of docs/formats.md: every object in exact bytes, from fields that stand in this file.

usage: tests/oracle/formats.py [--write] tests/vectors/formats/vectors.json

Nothing here is taken from the C: the encoder is cbor.py, the signatures are ed25519.py. Without --write it makes everything
again and compares it with the file, byte for byte; tests/vectors/formats holds src/wire against the same file.
"""
import base64
import json
import sys

sys.dont_write_bytecode = True
import cbor  # pylint: disable=wrong-import-position
import ed25519  # pylint: disable=wrong-import-position
import epochs  # pylint: disable=wrong-import-position
import readers  # pylint: disable=wrong-import-position
from cbor import Tag  # pylint: disable=wrong-import-position
from readers import leaf, root, sha256  # pylint: disable=wrong-import-position

SEEDS = [bytes([i + 1]) * 32 for i in range(4)]
KEYS = [ed25519.key_of(seed) for seed in SEEDS]
NAMES = ["north", "east", "south", "v\u00e4st"]
CREATED_US = 1767323045000006
CREATED = "2026-01-02T03:04:05.000006Z"
STATE_BYTES = 1 << 30
THRESHOLD = [3, 4]

GENESIS = cbor.encode([0, 1, "lighthouses", CREATED_US, THRESHOLD, [[n, k] for n, k in zip(NAMES, KEYS)], STATE_BYTES])
CHAIN = sha256(GENESIS)
ZEROS = bytes(32)


def commitment(salt, hypothesis):
    return sha256(b"credimus/commitment/1", salt, (2**32 - 1 if hypothesis is None else hypothesis).to_bytes(4, "big"))


def question_id(ask, asker):
    return sha256(b"credimus/question/1", asker.to_bytes(4, "big"), ask)[:16]


# --- items ---

SALTS = [bytes([0x50 + i]) * 32 for i in range(2)]
ASK_POOL = cbor.encode([1, "Is the lamp of Cape Mist lit?", ["lit", "dark"], 1, [0, 0], 2 * 10**9, 200, 3 * 10**9, 1, 60 * 10**6, 0,
                        commitment(SALTS[0], None), None])
ASK_PANEL = cbor.encode([1, "Which colour?", ["red", "green", "white", "\u7dd1"], 0, [0, -10**9, -2**31, 5], 10**9, 0, 2**40, 0, 1, 2**33,
                         commitment(SALTS[1], 2), "lamps"])
POOL, PANEL = question_id(ASK_POOL, 0), question_id(ASK_PANEL, 0)
CONTENT = sha256(b"a photograph")
TELL_RATIO = cbor.encode([2, POOL, "watch of 1 March", [-2500000000], None, 0])
TELL_VECTOR = cbor.encode([2, PANEL, "spectrum 7", [0, -1, -50 * 10**9 // 2, 23], CONTENT, 1767323000000000])
ITEMS = [
    ("ask", "a pool of two hypotheses, an ordinary question of no family", ASK_POOL),
    ("ask", "a panel of four, a canary, with priors, a deadline and a family", ASK_PANEL),
    ("tell", "one log-likelihood ratio, no content", TELL_RATIO),
    ("tell", "one log-likelihood a hypothesis, a content, a time", TELL_VECTOR),
    ("retract", "", cbor.encode([3, POOL, "watch of 1 March"])),
    ("close", "", cbor.encode([4, POOL])),
    ("answer", "to the challenge of height 64", cbor.encode([5, 64, sha256(b"answer")])),
    ("level", "major", cbor.encode([6, 2])),
    *[("reconfigure", about, change) for about, change in epochs.CHANGES],
    ("reveal", "an ordinary question", cbor.encode([8, POOL, SALTS[0], None])),
    ("reveal", "a canary", cbor.encode([8, PANEL, SALTS[1], 2])),
    ("close_family", "", cbor.encode([9, "lamps"])),
]

# --- batches ---


def body_of(items):
    return cbor.head(4, len(items)) + b"".join(items)


def header_of(member, seq, wall_us, prev, deps, items):
    """The COSE_Sign1 and its hash."""
    body = body_of(items)
    payload = cbor.encode([1, member, seq, wall_us, prev, deps, root([leaf(item) for item in items]), len(items), len(body)])
    protected = cbor.encode({1: -8, 4: member.to_bytes(2, "big")})
    signed = cbor.encode(["Signature1", protected, CHAIN, payload])
    return cbor.encode(Tag(18, [protected, {}, payload, ed25519.sign(SEEDS[member], signed)])), sha256(signed), body


FIRST = header_of(0, 1, 1767323046000000, ZEROS, [], [ASK_POOL, ASK_PANEL])
SECOND = header_of(1, 1, 1767323046500000, ZEROS, [[0, 1, FIRST[1]]], [TELL_RATIO, TELL_VECTOR])
THIRD = header_of(0, 2, 1767323047000000, FIRST[1], [[1, 1, SECOND[1]]], [])
FORKED = header_of(0, 2, 1767323047000001, FIRST[1], [[1, 1, SECOND[1]]], [])
HEADERS = [("the first of a lane, two asks", FIRST), ("with a reference to another lane", SECOND), ("empty, only moves the clock", THIRD)]

# --- votes, blocks, proofs ---


def vote_of(member, view, kind, block):
    signed = b"credimus/vote/1" + CHAIN + bytes(8) + view.to_bytes(8, "big") + bytes([kind]) + block
    return cbor.encode([0, view, kind, block, member, ed25519.sign(SEEDS[member], signed)]), ed25519.sign(SEEDS[member], signed)


def certificate_of(view, kind, block, members):
    return cbor.encode([0, view, kind, block, [[m, vote_of(m, view, kind, block)[1]] for m in members]])


def proof_of(kind, a, b):
    return cbor.encode([kind, *sorted([a, b])])


FORK_PROOF = proof_of(1, THIRD[0], FORKED[0])
VOTE_PROOF = proof_of(2, vote_of(3, 300, 2, ZEROS)[0], vote_of(3, 300, 3, sha256(b"block"))[0])
BLOCK = cbor.encode([1, CHAIN, 0, 2, 1, CHAIN, [[0, 1, FIRST[1]], [1, 1, SECOND[1]]], []])
BLOCK_PROOF = cbor.encode([1, CHAIN, 0, 3, 2, sha256(BLOCK), [[0, 2, THIRD[1]]], [VOTE_PROOF]])
VOTES = [("notarize", vote_of(0, 2, 1, sha256(BLOCK))[0]), ("nullify", vote_of(1, 1, 2, ZEROS)[0]),
         ("finalize", vote_of(2, 2, 3, sha256(BLOCK))[0])]

# --- records and the log ---


def belief(kind, question, title, hypotheses, mode, status, top, odds, rest):
    return cbor.encode([kind, question, title, hypotheses, mode, status, top, odds, *rest])


VERDICT = belief(12, POOL, "Is the lamp of Cape Mist lit?", ["lit", "dark"], 1, 1, 0, [0, -3 * 10**9],
                 [3, 3, 2, 1, [1, 1500000000, 4500000000], [1, -2**63, 2**63 - 1], THRESHOLD, 1, commitment(SALTS[0], None), -1, None])
QUESTIONS = [
    belief(14, POOL, "Is the lamp of Cape Mist lit?", ["lit", "dark"], 1, 1, 0, [0, -3 * 10**9],
           [3, 3, 2, 1, [1, 1500000000, 4500000000], [1, -2**63, 2**63 - 1], THRESHOLD, 1, commitment(SALTS[0], None), -1, None]),
    belief(14, PANEL, "Which colour?", ["red", "green", "white", "\u7dd1"], 0, 0, 3, [-5, -1000000005, -2147483653, 0],
           [1, 1, 0, 0, [1, -7, 7], [1, -9, 9], THRESHOLD, 1, commitment(SALTS[1], 2), None, "lamps"]),
]
WEIGHTS = [65536, 65536, 65536, 32768]
MEMBERS = [cbor.encode([15, i, NAMES[i], KEYS[i], WEIGHTS[i], 0, 65536, 0 if i < 3 else 32768, 0 if i < 3 else 5, 0]) for i in range(4)]
PARAMETERS = cbor.encode([16, *THRESHOLD, 0, None])
SUSPICION = cbor.encode([17, 3, 5, 0, 70000, 1])
RESULTS = root([leaf(cbor.encode([19, PANEL, 2, 1, [1, 2, 4090, 3]]))])
CALIBRATED = cbor.encode([19, PANEL, 2, 1, [1, 2, 4090, 3]])
CALIBRATION = cbor.encode([18, "lamps", 4, 1, 4, 1, 1, [0, 1], -4096, [[1, 4000, 0, 0], [1, 3900, 0, 1], [1, -200, 2, 0], [0, 0, 3, 0]],
                           RESULTS, 1])
UNRIVALLED = cbor.encode([18, "flags", 2, 9, 36, 8, 0, [1, 0], None, [[9, 4096, m, 0] for m in range(4)], RESULTS, 2])
STATE = cbor.encode([13, 1, sha256(BLOCK), 1767323046250000, root([leaf(q) for q in QUESTIONS]), root([leaf(m) for m in MEMBERS]),
                     leaf(PARAMETERS)])
PROOF_RECORD = cbor.encode([11, FORK_PROOF])
LOG = [GENESIS, FIRST[0], SECOND[0], PROOF_RECORD, VERDICT, SUSPICION, STATE]
LEAVES = [leaf(entry) for entry in LOG]
ROOT = root(LEAVES)
RECORDS = [("genesis", GENESIS), ("proof", PROOF_RECORD), ("verdict", VERDICT), ("state", STATE), ("question", QUESTIONS[0]),
           ("question", QUESTIONS[1]), *[("member", m) for m in MEMBERS], ("parameters", PARAMETERS), ("suspicion", SUSPICION),
           ("calibration", CALIBRATION), ("calibration", UNRIVALLED), ("calibrated", CALIBRATED), ("genesis", epochs.GENESIS),
           ("member", epochs.member_records(0)[4]), *[("roster", epochs.roster_record(e + 1, h)) for e, (h, _) in enumerate(epochs.ENDS)]]

# --- what leaves the group ---


def text64(data):
    return base64.b64encode(data).decode()


CHECKPOINT = f"credimus/{CHAIN[:8].hex()}\n{len(LOG)}\n{text64(ROOT)}\nheight 1\nepoch 0\nthreshold 3/4\n"
SIGNATURES = [ed25519.sign(seed, CHECKPOINT.encode()) for seed in SEEDS]
SIGNERS = [0, 1, 2]
NOTE = CHECKPOINT + "\n" + "".join(
    f"{readers.DASH} {NAMES[m]} {text64(readers.key_id(NAMES[m], KEYS[m]) + SIGNATURES[m])}\n" for m in SIGNERS)


def lines(word, blobs):
    return "".join(f"{word} {text64(blob)}\n" for blob in blobs)


def certificate_file(record, index, proof, questions):
    return ("credimus/certificate/1\n" + lines("belief", [record]) + f"index {index}\n" + lines("proof", proof)
            + (f"questions {questions}\n" if questions else "") + lines("state", [STATE]) + f"state-index {len(LOG) - 1}\n"
            + lines("state-proof", readers.path(len(LOG) - 1, LEAVES)) + lines("parameters", [PARAMETERS]) + lines("member", MEMBERS) + "\n" + NOTE)


CERTIFICATES = [
    ("a verdict", certificate_file(VERDICT, 4, readers.path(4, LEAVES), 0)),
    ("where an open question stands", certificate_file(QUESTIONS[1], 1, readers.path(1, [leaf(q) for q in QUESTIONS]), 2)),
]


def receipt_of(member, index):
    protected = cbor.encode({1: -8, 4: member.to_bytes(2, "big"), 15: {1: f"credimus/{CHAIN.hex()}"}, 395: 1})
    signature = ed25519.sign(SEEDS[member], cbor.encode(["Signature1", protected, b"", ROOT]))
    proof = cbor.encode([len(LOG), index, readers.path(index, LEAVES)])
    return cbor.encode(Tag(18, [protected, {396: {-1: [proof]}}, None, signature]))


RECEIPTS = [("a verdict", 0, 4), ("a batch header", 3, 2), ("the genesis", 1, 0)]

GENESIS_JSON = json.dumps({"credimus": 1, "name": "lighthouses", "created": CREATED, "threshold": "3/4", "state_bytes_max": STATE_BYTES,
                           "members": [{"name": n, "key": k.hex()} for n, k in zip(NAMES, KEYS)]}, ensure_ascii=False)


def vectors():
    return {
        "comment": "Bytes in hex, texts as they are. tests/oracle/formats.py makes this file, docs/formats.md explains it.",
        "keys": [{"member": i, "name": NAMES[i], "seed": SEEDS[i].hex(), "key": KEYS[i].hex(),
                  "note_key_id": readers.key_id(NAMES[i], KEYS[i]).hex()} for i in range(4)],
        "genesis": {"json": GENESIS_JSON, "bytes": GENESIS.hex(), "chain": CHAIN.hex()},
        "commitments": [{"salt": SALTS[0].hex(), "hypothesis": None, "hash": commitment(SALTS[0], None).hex()},
                        {"salt": SALTS[1].hex(), "hypothesis": 2, "hash": commitment(SALTS[1], 2).hex()}],
        "items": [{"kind": k, "about": a, "bytes": b.hex(), "leaf": leaf(b).hex(),
                   **({"asker": 0, "question": question_id(b, 0).hex()} if k == "ask" else {})} for k, a, b in ITEMS],
        "headers": [{"about": a, "bytes": h.hex(), "hash": digest.hex(), "body": body.hex()} for a, (h, digest, body) in HEADERS],
        "votes": [{"kind": k, "bytes": b.hex()} for k, b in VOTES],
        "vote_certificates": [{"about": "notarization by three", "bytes": certificate_of(2, 1, sha256(BLOCK), [0, 1, 3]).hex()},
                              {"about": "nullification by four", "bytes": certificate_of(1, 2, ZEROS, [0, 1, 2, 3]).hex()}],
        "blocks": [{"about": "the first, two lanes move", "bytes": BLOCK.hex(), "hash": sha256(BLOCK).hex()},
                   {"about": "with a proof", "bytes": BLOCK_PROOF.hex(), "hash": sha256(BLOCK_PROOF).hex()}],
        "proofs": [{"kind": "fork", "member": 0, "at": 2, "bytes": FORK_PROOF.hex()},
                   {"kind": "vote", "member": 3, "at": 300, "bytes": VOTE_PROOF.hex()}],
        "records": [{"kind": k, "bytes": b.hex(), "leaf": leaf(b).hex()} for k, b in RECORDS],
        "log": {"entries": [entry.hex() for entry in LOG], "root": ROOT.hex(),
                "paths": [[h.hex() for h in readers.path(i, LEAVES)] for i in range(len(LOG))]},
        "checkpoint": {"text": CHECKPOINT, "signatures": [s.hex() for s in SIGNATURES], "note": NOTE},
        "certificates": [{"about": a, "file": f} for a, f in CERTIFICATES],
        "epochs": epochs.vectors(),
        "receipts": [{"about": a, "member": m, "index": i, "entry": LOG[i].hex(), "bytes": receipt_of(m, i).hex()} for a, m, i in RECEIPTS],
    }


def check_readers():
    """The readers accept what was made, and nothing that differs."""
    members = list(zip(NAMES, KEYS))
    for _, file in CERTIFICATES:
        record, signers, _ = readers.read_certificate(file, GENESIS_JSON)
        assert record[0] in (12, 14) and signers == [NAMES[m] for m in SIGNERS]
        at = file.index("belief ") + 40
        refused(lambda f=file, a=at: readers.read_certificate(f[:a] + ("A" if f[a] != "A" else "B") + f[a + 1:], GENESIS_JSON))
    for _, member, index in RECEIPTS:
        said = readers.read_receipt(receipt_of(member, index), LOG[index], members, CHAIN)
        assert said == {"member": member, "size": len(LOG), "index": index, "root": ROOT}
        refused(lambda m=member, i=index: readers.read_receipt(receipt_of(m, i), LOG[i - 1], members, CHAIN))
    for _, (header, digest, _) in HEADERS:
        assert readers.read_header(header, members, CHAIN)[1] == digest
        refused(lambda h=header: readers.read_header(h, members, ZEROS))
    epochs.check_readers(refused)
    for i in range(len(LOG)):
        assert readers.walk(LEAVES[i], i, len(LOG), readers.path(i, LEAVES)) == ROOT


def refused(attempt, about="something that was changed"):
    try:
        attempt()
    except (readers.Refused, ValueError):
        return
    raise AssertionError(f"accepted: {about}")


def main():
    arguments = [a for a in sys.argv[1:] if a != "--write"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    text = json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"
    check_readers()
    if "--write" in sys.argv:
        with open(arguments[0], "w", encoding="utf-8") as file:
            file.write(text)
        return
    with open(arguments[0], encoding="utf-8") as file:
        assert file.read() == text, f"{arguments[0]} is not what docs/formats.md says; tests/oracle/formats.py --write makes it again"


if __name__ == "__main__":
    main()
