"""Vectors of members that change (docs/protocol.md, section 8): a group with two vacant places, the four kinds of changes one after
another, and certificates of its epochs, good ones and ones to refuse. formats.py writes them into the vectors file.

Nothing here is taken from the C. A refused certificate is signed anew wherever somebody with the keys could have signed it, so
that it is refused for what it is about and not for a signature that no longer fits."""
import base64
import json

import cbor
import ed25519
import readers
from readers import leaf, root, sha256

SEEDS = {name: bytes([0x61 + i]) * 32 for i, name in enumerate(["north", "east", "south", "v\u00e4st", "west", "west again", "nobody"])}
KEYS = {name: ed25519.key_of(seed) for name, seed in SEEDS.items()}
PLACES = 6
FIRST = ["north", "east", "south", "v\u00e4st"]
CREATED = "2026-01-02T03:04:05.000006Z"
CREATED_US = 1767323045000006
STATE_BYTES = 1 << 30
ZEROS = bytes(32)

GENESIS = cbor.encode([0, 1, "lightships", CREATED_US, [3, 4], [[n, KEYS[n]] for n in FIRST], STATE_BYTES, PLACES - len(FIRST)])
CHAIN = sha256(GENESIS)
GENESIS_JSON = json.dumps({"credimus": 1, "name": "lightships", "created": CREATED, "threshold": "3/4", "state_bytes_max": STATE_BYTES,
                           "vacant": PLACES - len(FIRST), "members": [{"name": n, "key": KEYS[n].hex()} for n in FIRST]},
                          ensure_ascii=False)

# What each epoch has: its base threshold, and at each place who has which name with whose key.
ROSTERS = [
    ([3, 4], ["north", "east", "south", "v\u00e4st", None, None]),
    ([3, 4], ["north", "east", "south", "v\u00e4st", "west", None]),
    ([3, 4], ["north", None, "south", "v\u00e4st", "west", None]),
    ([3, 4], ["north", None, "south", "v\u00e4st", "west again", None]),
    ([4, 5], ["north", None, "south", "v\u00e4st", "west again", None]),
]
CHANGES = [
    ("a member is added", cbor.encode([7, 0, 1, 4, "west", KEYS["west"], None])),
    ("a member is removed", cbor.encode([7, 1, 2, 1, None, None, None])),
    ("a member gets another key", cbor.encode([7, 2, 3, 4, None, KEYS["west again"], None])),
    ("another threshold", cbor.encode([7, 3, 4, 0, None, None, [4, 5]])),
]
# The height of the last block of each epoch that ends, and who signs its checkpoint: q(base) of the members.
ENDS = [(2, [0, 1, 3]), (4, [0, 1, 2, 4]), (5, [0, 3, 4]), (7, [0, 2, 4])]
HEIGHTS = 8
# Who signs the checkpoint of a certificate in each epoch.
NOTED = [[1, 2, 3], [0, 1, 3, 4], [0, 3, 4], [0, 3, 4], [0, 2, 3, 4]]


def name_at(epoch, place):
    who = ROSTERS[epoch][1][place]
    return "west" if who == "west again" else who


def epoch_of(height):
    return sum(height > end for end, _ in ENDS)


def roster_record(epoch, height, threshold=None, members=None, places=PLACES):
    if members is None:
        members = [[p, name_at(epoch, p), KEYS[who]] for p, who in enumerate(ROSTERS[epoch][1]) if who]
    return cbor.encode([20, epoch, height, threshold or ROSTERS[epoch][0], places, members])


def member_records(epoch):
    return [cbor.encode([15, p, name_at(epoch, p), KEYS[who], 65536, 0, 65536, 0, 0, 0] if who else
                        [15, p, None, ZEROS, 0, 0, 65536, 0, 0, 0]) for p, who in enumerate(ROSTERS[epoch][1])]


def parameters_record(threshold):
    return cbor.encode([16, *threshold, 0, None])


def state_record(height, members, threshold):
    return cbor.encode([13, height, sha256(b"block", bytes([height])), 1767323046000000 + height, root([leaf(q) for q in QUESTIONS]),
                        root([leaf(record) for record in members]), leaf(parameters_record(threshold))])


def belief(kind, height):
    question = sha256(b"question")[:16]
    return cbor.encode([kind, question, "Is the lightship at its place?", ["yes", "no"], 1, 1, 0, [0, -4 * 10**9], 3, 3, 2, 1,
                        [1, 2 * 10**9, 6 * 10**9], [1, -2**63, 2**63 - 1], [3, 4], height, sha256(b"commitment"), None, None])


VERDICT = belief(12, 1)
QUESTIONS = [belief(14, 1)]


def log_of():
    """All leaves, and how many there are after each height. Blocks without batches: what execution says is all there is."""
    entries, sizes = [GENESIS], [1]
    for height in range(1, HEIGHTS + 1):
        epoch = epoch_of(height)
        entries.append(VERDICT if height == 1 else cbor.encode([17, 3, 5, 0, 70000 + height, height]))
        if epoch < len(ENDS) and height == ENDS[epoch][0]:
            entries.append(roster_record(epoch + 1, height))
        entries.append(state_record(height, member_records(epoch), ROSTERS[epoch][0]))
        sizes.append(len(entries))
    return entries, sizes


LOG, SIZES = log_of()


def text64(data):
    return base64.b64encode(data).decode()


def peaks_of(leaves):
    """The complete subtrees, the smallest first."""
    peaks, at = [], len(leaves)
    while at > 0:
        size = at & -at
        peaks.append(root(leaves[at - size:at]))
        at -= size
    return peaks


def handover(ended, **changed):
    """What ends this epoch; `changed` says what is not as it should be, and everybody signs that."""
    end, signers = ENDS[ended]
    epoch, height, threshold = changed.get("epoch", ended), changed.get("height", end), ROSTERS[ended][0]
    entries = LOG[:SIZES[end] - 2] + [changed.get("roster", roster_record(ended + 1, end)),
                                      changed.get("state", state_record(end, member_records(ended), threshold))]
    leaves = [leaf(entry) for entry in entries]
    text = readers.checkpoint_text(CHAIN, height, len(entries), root(leaves), epoch, *threshold).encode()
    signers = changed.get("signers", {p: ROSTERS[ended][1][p] for p in signers})
    signatures = [[p, ed25519.sign(SEEDS[who], text)] for p, who in signers.items()]
    return cbor.encode([21, [height, len(entries), root(leaves), epoch, *threshold], signatures,
                        peaks_of(leaves[:-2]), *changed.get("leaves", entries[-2:])])


HANDOVERS = [handover(epoch) for epoch in range(len(ENDS))]


def lines(word, blobs):
    return "".join(f"{word} {text64(blob)}\n" for blob in blobs)


def certificate(height, **changed):
    """The file of the verdict at a height; with `kind` 14 of the question."""
    epoch = epoch_of(height)
    members = changed.get("members", member_records(epoch))
    threshold = changed.get("threshold", ROSTERS[epoch][0])
    size = SIZES[height]
    leaves = [leaf(entry) for entry in LOG[:size - 1]] + [leaf(state_record(height, members, threshold))]
    text = readers.checkpoint_text(CHAIN, height, size, root(leaves), changed.get("epoch", epoch), *threshold)
    signers = changed.get("signers", {name_at(epoch, p): ROSTERS[epoch][1][p] for p in NOTED[epoch]})
    note = text + "\n" + "".join(
        f"{readers.DASH} {name} {text64(readers.key_id(name, KEYS[who]) + ed25519.sign(SEEDS[who], text.encode()))}\n"
        for name, who in signers.items())
    is_open = changed.get("kind") == 14
    index, proof = (0, []) if is_open else (1, readers.path(1, leaves))
    return ("credimus/certificate/1\n" + lines("belief", [QUESTIONS[0] if is_open else VERDICT]) + f"index {index}\n" + lines("proof", proof)
            + ("questions 1\n" if is_open else "") + lines("state", [state_record(height, members, threshold)])
            + f"state-index {size - 1}\n" + lines("state-proof", readers.path(size - 1, leaves)) + lines("parameters", [parameters_record(threshold)]) + lines("member", members)
            + lines("handover", changed.get("handovers", HANDOVERS[:epoch])) + "\n" + note)


ACCEPTED = [
    ("the first epoch, two places are vacant", 0, certificate(1)),
    ("the last block of the first epoch", 0, certificate(2)),
    ("one epoch has ended", 1, certificate(3)),
    ("a verdict, two epochs have ended", 2, certificate(5)),
    ("where a question stands, four epochs have ended", 4, certificate(8, kind=14)),
]


def turned(blob, at):
    return blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1:]


def other_roster(epoch):
    """The next roster with somebody else at the place of väst."""
    members = [[p, name_at(epoch, p), KEYS["nobody" if p == 3 else who]] for p, who in enumerate(ROSTERS[epoch][1]) if who]
    return roster_record(epoch, ENDS[epoch - 1][0], members=members)


def said_by_all(ended, **changed):
    """As handover, signed by all that the epoch has."""
    everybody = {p: who for p, who in enumerate(ROSTERS[ended][1]) if who}
    return handover(ended, **{"signers": everybody, **changed})


def named(epoch, places):
    return {name_at(epoch, p): ROSTERS[epoch][1][p] for p in places}


ONE, TWO, THREE = HANDOVERS[:3]
PARTS = cbor.decode(TWO)
END = ENDS[1][0]
LATER = state_record(END + 1, member_records(1), [3, 4])
TWICE = [[0, "north", KEYS["north"]], [2, "south", KEYS["south"]], [3, "north", KEYS["nobody"]], [4, "west", KEYS["west"]]]
DOWNWARD = [[3, "v\u00e4st", KEYS["v\u00e4st"]], [2, "south", KEYS["south"]], [0, "north", KEYS["north"]], [4, "west", KEYS["west"]]]
SPACED = [[0, "north", KEYS["north"]], [2, "so uth", KEYS["south"]], [3, "v\u00e4st", KEYS["v\u00e4st"]], [4, "west", KEYS["west"]]]
SMALL = [[0, "north", KEYS["north"]], [2, "south", KEYS["south"]], [3, "v\u00e4st", b"\x01" + bytes(31)], [4, "west", KEYS["west"]]]


def with_second(second):
    return certificate(5, handovers=[ONE, second])


def with_roster(**changed):
    fields = {"epoch": 2, "height": END, **changed}
    return with_second(said_by_all(1, roster=roster_record(**fields)))


# About, the step of the C verifier that refuses it, the file.
REFUSED = [
    ("the first handover missing", "epoch", certificate(5, handovers=[TWO])),
    ("the second handover missing", "note", certificate(5, handovers=[ONE])),
    ("both handovers missing", "note", certificate(5, handovers=[])),
    ("the handovers in the wrong order", "epoch", certificate(5, handovers=[TWO, ONE])),
    ("a handover twice", "epoch", certificate(5, handovers=[ONE, TWO, TWO])),
    ("a handover more, of an epoch that ended later", "note", certificate(5, handovers=[ONE, TWO, THREE])),
    ("a handover in the first epoch", "note", certificate(2, handovers=[ONE])),
    ("a handover with one signature too few", "epoch",
     with_second(handover(1, signers={0: "north", 1: "east", 2: "south"}))),
    ("a handover with the signature of somebody at a vacant place", "epoch",
     with_second(said_by_all(1, signers={0: "north", 1: "east", 2: "south", 4: "west", 5: "nobody"}))),
    ("a handover with the signature of a member that was removed", "epoch",
     certificate(6, handovers=[ONE, TWO, handover(2, signers={0: "north", 1: "east", 2: "south", 4: "west"})])),
    ("a handover that a removed member signs for the one at its place", "epoch",
     certificate(6, handovers=[ONE, TWO, handover(2, signers={0: "north", 2: "south", 3: "east"})])),
    ("a handover that is signed with a key that was changed", "epoch",
     certificate(8, handovers=[ONE, TWO, THREE, handover(3, signers={0: "north", 2: "south", 4: "west"})])),
    ("a handover with a signature twice", "epoch",
     with_second(cbor.encode([*PARTS[:2], [PARTS[2][0], *PARTS[2]], *PARTS[3:]]))),
    ("a handover with its signatures in another order", "epoch",
     with_second(cbor.encode([*PARTS[:2], PARTS[2][::-1], *PARTS[3:]]))),
    ("a handover without signatures", "epoch", with_second(cbor.encode([*PARTS[:2], [], *PARTS[3:]]))),
    ("a signature of a handover changed", "epoch",
     with_second(cbor.encode([*PARTS[:2], [[PARTS[2][0][0], turned(PARTS[2][0][1], 9)], *PARTS[2][1:]], *PARTS[3:]]))),
    ("the roster record changed", "epoch", with_second(handover(1, leaves=[other_roster(2), LOG[SIZES[END] - 1]]))),
    ("the state record changed", "epoch", with_second(handover(1, leaves=[LOG[SIZES[END] - 2], LATER]))),
    ("roster and state exchanged", "epoch", with_second(handover(1, leaves=LOG[SIZES[END] - 2:SIZES[END]][::-1]))),
    ("a peak changed", "epoch", with_second(cbor.encode([*PARTS[:3], [turned(PARTS[3][0], 0), *PARTS[3][1:]], *PARTS[4:]]))),
    ("a peak missing", "epoch", with_second(cbor.encode([*PARTS[:3], PARTS[3][1:], *PARTS[4:]]))),
    ("a peak too many", "epoch", with_second(cbor.encode([*PARTS[:3], [*PARTS[3], ZEROS], *PARTS[4:]]))),
    ("the peaks the other way round", "epoch", with_second(cbor.encode([*PARTS[:3], PARTS[3][::-1], *PARTS[4:]]))),
    ("a handover of another size", "epoch",
     with_second(cbor.encode([21, [PARTS[1][0], PARTS[1][1] + 1, *PARTS[1][2:]], *PARTS[2:]]))),
    ("a handover of another kind", "epoch", with_second(cbor.encode([20, *PARTS[1:]]))),
    ("bytes behind a handover", "epoch", with_second(TWO + b"\0")),
    ("a handover that ends an epoch twice", "epoch", with_second(said_by_all(1, epoch=0))),
    ("a handover at the height at which its epoch began", "epoch", with_second(said_by_all(
        1, height=2, roster=roster_record(2, 2), state=state_record(2, member_records(1), [3, 4])))),
    ("a handover with a state of another height", "epoch", with_second(said_by_all(1, state=LATER))),
    ("a roster that begins at another height", "epoch", with_roster(height=END + 1)),
    ("a roster of the epoch after the next", "epoch", with_roster(epoch=3, threshold=[3, 4])),
    ("a roster with a place more", "epoch", with_roster(places=PLACES + 1)),
    ("a roster with one name twice", "epoch", with_roster(members=TWICE)),
    ("a roster that is not in order", "epoch", with_roster(members=DOWNWARD)),
    ("a roster with a name that has a space", "epoch", with_roster(members=SPACED)),
    ("a roster with a key of small order", "epoch", with_roster(members=SMALL)),
    ("a roster of three", "epoch", with_roster(members=SMALL[:2] + SMALL[3:])),
    ("a roster with a threshold of two thirds", "epoch", with_roster(threshold=[2, 3])),
    ("signed by a quorum of the epoch before, one of whom was removed", "heads",
     certificate(5, signers=named(1, [0, 1, 2]))),
    ("a checkpoint of the epoch before, signed by its members", "note",
     certificate(5, epoch=1, signers=named(1, [0, 1, 2, 3]))),
    ("a checkpoint of the next epoch", "note", certificate(5, epoch=3)),
    ("signed with a key that was changed", "heads", certificate(8, signers=named(2, [0, 2, 3, 4]))),
    ("signed by too few for the new threshold", "heads", certificate(8, signers=named(4, [0, 2, 3]))),
    ("the threshold of the epochs before", "base", certificate(8, threshold=[3, 4])),
    ("the record of the removed member still there", "members",
     certificate(5, members=[member_records(1 if p == 1 else 2)[p] for p in range(PLACES)])),
    ("a vacant place that weighs something", "members", certificate(
        5, members=[*member_records(2)[:5], cbor.encode([15, 5, None, ZEROS, 65536, 0, 0, 0, 0, 0])])),
    ("a vacant place with a key", "members", certificate(
        5, members=[*member_records(2)[:5], cbor.encode([15, 5, None, KEYS["nobody"], 0, 0, 0, 0, 0, 0])])),
    ("a vacant place that sees a partition", "members", certificate(
        5, members=[*member_records(2)[:5], cbor.encode([15, 5, None, ZEROS, 0, 2, 0, 0, 0, 0])])),
    ("a member where nobody is", "members", certificate(
        5, members=[cbor.encode([15, 0, None, ZEROS, 0, 0, 0, 0, 0, 0]), *member_records(2)[1:]])),
    ("a record for the members alone", "members", certificate(5, members=[r for p, r in enumerate(member_records(2)) if p not in (1, 5)])),
]


def vectors():
    return {
        "genesis": {"json": GENESIS_JSON, "bytes": GENESIS.hex(), "chain": CHAIN.hex()},
        "ended": [{"change": change.hex(), "height": height, "roster": roster_record(epoch + 1, height).hex(),
                   "handover": HANDOVERS[epoch].hex()} for epoch, ((_, change), (height, _)) in enumerate(zip(CHANGES, ENDS))],
        "certificates": [{"about": about, "epoch": epoch, "file": file} for about, epoch, file in ACCEPTED],
        "refused": [{"about": about, "step": step, "file": file} for about, step, file in REFUSED],
    }


def check_readers(refused):
    for about, epoch, file in ACCEPTED:
        _, signers, checkpoint = readers.read_certificate(file, GENESIS_JSON)
        assert checkpoint["epoch"] == epoch and len(signers) >= 3, about
    for about, _, file in REFUSED:
        refused(lambda f=file: readers.read_certificate(f, GENESIS_JSON), about)
