"""Readers of what leaves a group, written from docs/formats.md and the standards and not from the C: trees of RFC 9162, signed notes
of C2SP, COSE Receipts of RFC 9942, certificate files. Each raises Refused when something does not hold."""
import base64
import fractions
import hashlib
import json
import math
import re

import cbor
import ed25519

DASH = "\u2014"


class Refused(Exception):
    pass


def demand(condition, what):
    if not condition:
        raise Refused(what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# --- RFC 9162, section 2.1 ---


def leaf(entry):
    return sha256(b"\x00", entry)


def root(leaves):
    """Over hashes of leaves."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01", root(leaves[:k]), root(leaves[k:]))


def path(index, leaves):
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return path(index, leaves[:k]) + [root(leaves[k:])]
    return path(index - k, leaves[k:]) + [root(leaves[:k])]


def walk(hash_of_leaf, index, size, proof):
    """The root that a proof leads to, from the definition: the path's last hash is the other half of the whole tree."""
    demand(0 <= index < size, "the index is outside the tree")
    if size == 1:
        demand(not proof, "the path is too long")
        return hash_of_leaf
    demand(proof, "the path is too short")
    k = 1 << (size - 1).bit_length() - 1
    if index < k:
        return sha256(b"\x01", walk(hash_of_leaf, index, k, proof[:-1]), proof[-1])
    return sha256(b"\x01", proof[-1], walk(hash_of_leaf, index - k, size - k, proof[:-1]))


# --- genesis ---


def genesis_of(text):
    """What genesis.json says, and its canonical form."""
    genesis = json.loads(text)
    moment = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z", genesis["created"])
    year, month, day, hour, minute, second, micros = map(int, moment.groups())
    days = 0
    for y in range(1970, year):
        days += 366 if y % 4 == 0 and (y % 100 != 0 or y % 400 == 0) else 365
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days += sum([31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][:month - 1]) + day - 1
    created = (days * 86400 + hour * 3600 + minute * 60 + second) * 10**6 + micros
    numerator, denominator = map(int, genesis["threshold"].split("/"))
    members = [[m["name"], bytes.fromhex(m["key"])] for m in genesis["members"]]
    vacant = genesis.get("vacant", 0)
    canonical = cbor.encode([0, genesis["credimus"], genesis["name"], created, [numerator, denominator], members,
                             genesis["state_bytes_max"], *([vacant] if vacant else [])])
    return {"members": members, "threshold": fractions.Fraction(numerator, denominator), "canonical": canonical,
            "chain": sha256(canonical), "places": members + [None] * vacant}


# --- c2sp.org/signed-note and c2sp.org/tlog-checkpoint ---


def key_id(name, key):
    return sha256(name.encode(), b"\n\x01", key)[:4]


def read_note(note, members):
    """The signed text, and the names of those of `members`, pairs of name and key, whose signatures verify."""
    text, gap, lines = note.rpartition("\n\n")
    demand(gap and lines.endswith("\n"), "no signed note")
    text += "\n"
    signers = []
    for line in lines[:-1].split("\n"):
        match = re.fullmatch(f"{DASH} ([^ +]+) ([A-Za-z0-9+/]+=*)", line)
        demand(match, f"no signature line: {line}")
        blob = base64.b64decode(match.group(2), validate=True)
        for name, key in members:
            if name != match.group(1) or blob[:4] != key_id(name, key):
                continue
            demand(len(blob) == 68 and ed25519.verify(key, text.encode(), blob[4:]), f"the signature of {name}")
            demand(name not in signers, f"{name} signs twice")
            signers.append(name)
    demand(signers, "nobody known has signed")
    return text, signers


def checkpoint_text(chain, height, size, log_root, epoch, numerator, denominator):
    return (f"credimus/{chain[:8].hex()}\n{size}\n{base64.b64encode(log_root).decode()}\nheight {height}\nepoch {epoch}\n"
            f"threshold {numerator}/{denominator}\n")


def read_checkpoint(text, chain):
    lines = text.split("\n")
    demand(lines[0] == f"credimus/{chain[:8].hex()}", "a checkpoint of another chain")
    words = [line.split(" ") for line in lines[3:6]]
    demand([word[0] for word in words] == ["height", "epoch", "threshold"] and lines[6:] == [""], "not the extension lines")
    return {"size": int(lines[1]), "root": base64.b64decode(lines[2], validate=True), "height": int(words[0][1]),
            "epoch": int(words[1][1]), "threshold": tuple(map(int, words[2][1].split("/")))}


# --- RFC 9942 ---


def read_receipt(receipt, entry, members, chain):
    """Verifies as RFC 9942, section 5.2.1, says, and returns member, size, index and root."""
    value = cbor.decode(receipt)
    demand(isinstance(value, cbor.Tag) and value.number == 18, "not a tagged COSE_Sign1")
    protected, unprotected, payload, signature = value.value
    header = cbor.decode(protected)
    demand(header[1] == -8 and header[395] == 1, "not EdDSA over RFC9162_SHA256")
    demand(header[15][1] == f"credimus/{chain.hex()}", "a receipt of another chain")
    demand(payload is None, "the payload is not detached")
    proofs = unprotected[396][-1]
    demand(len(proofs) == 1, "not one proof")
    size, index, hashes = cbor.decode(proofs[0])
    signed_root = walk(leaf(entry), index, size, hashes)
    member = int.from_bytes(header[4], "big")
    message = cbor.encode(["Signature1", protected, b"", signed_root])
    demand(ed25519.verify(members[member][1], message, signature), "the signature over the root")
    return {"member": member, "size": size, "index": index, "root": signed_root}


# --- batch headers ---


def read_header(header, members, chain):
    """A COSE_Sign1 of RFC 9052 with the chain as external_aad: its payload, verified, and the hash of the header."""
    value = cbor.decode(header)
    demand(isinstance(value, cbor.Tag) and value.number == 18, "not a tagged COSE_Sign1")
    protected, unprotected, payload, signature = value.value
    parameters = cbor.decode(protected)
    demand(parameters[1] == -8 and unprotected == {}, "not the one form")
    fields = cbor.decode(payload)
    member = int.from_bytes(parameters[4], "big")
    demand(member == fields[1], "signed by another than it names")
    message = cbor.encode(["Signature1", protected, chain, payload])
    demand(ed25519.verify(members[member][1], message, signature), "the signature of the header")
    return fields, sha256(message)


# --- epochs ---


class Roster:
    """Who is at which place in an epoch: pairs of name and key, None at a vacant one; and the base threshold."""

    def __init__(self, epoch, height, threshold, places):
        self.epoch, self.height, self.threshold, self.places = epoch, height, threshold, places
        self.members = [member for member in places if member]
        for field in (0, 1):
            demand(len({member[field] for member in self.members}) == len(self.members), "somebody is a member twice")

    def demand_quorum(self, signers, threshold):
        demand(signers >= len(self.members) * threshold, "enough members signed")


def fraction_of(numerator, denominator):
    demand(1 <= denominator <= 1000 and 2 * denominator < 3 * numerator <= 3 * denominator, "a threshold")
    return fractions.Fraction(numerator, denominator)


def read_roster(record):
    kind, epoch, height, threshold, count, members = cbor.decode(record)
    demand(kind == 20 and epoch > 0 and 4 <= count <= 256 and len(members) >= 4, "a roster")
    numbers = [place for place, _, _ in members]
    demand(numbers == sorted(set(numbers)) and numbers[-1] < count, "places in order")
    places = [None] * count
    for place, name, key in members:
        demand(1 <= len(name.encode()) <= 64 and name.isprintable() and not re.search(r"[\s+]", name), "a name")
        point = ed25519.decompress(key)
        demand(point and not ed25519.equal(point, ed25519.NEUTRAL), "a key")
        demand(ed25519.equal(ed25519.multiply(ed25519.L, point), ed25519.NEUTRAL), "a key of prime order")
        places[place] = [name, key]
    return Roster(epoch, height, fraction_of(*threshold), places)


def root_behind(peaks, count, leaves):
    """Of a tree whose first `count` leaves are known by their complete subtrees, the smallest first; from the definition."""
    if count == 0:
        return root(leaves)
    if not leaves and len(peaks) == 1:
        return peaks[0]
    k = 1 << (count + len(leaves) - 1).bit_length() - 1
    if k <= count:
        return sha256(b"\x01", peaks[-1], root_behind(peaks[:-1], count - k, leaves))
    return sha256(b"\x01", root_behind(peaks, count, leaves[:k - count]), root(leaves[k - count:]))


def read_handover(record, before, chain):
    """The roster of the next epoch, when a quorum of the one before signed for it."""
    kind, checkpoint, signatures, peaks, roster_bytes, state_bytes = cbor.decode(record)
    height, size, log_root, epoch, numerator, denominator = checkpoint
    demand(kind == 21 and epoch == before.epoch and height > before.height, "a handover of another epoch")
    fraction_of(numerator, denominator)
    text = checkpoint_text(chain, height, size, log_root, epoch, numerator, denominator).encode()
    signers = [member for member, _ in signatures]
    demand(signers == sorted(set(signers)), "signatures in order")
    for member, signature in signatures:
        demand(member < len(before.places) and before.places[member], "a handover signed by nobody")
        demand(ed25519.verify(before.places[member][1], text, signature), "a signature of a handover")
    before.demand_quorum(len(signers), before.threshold)
    demand(size > 2 and len(peaks) == bin(size - 2).count("1"), "as many peaks as the size says")
    demand(root_behind(peaks, size - 2, [leaf(roster_bytes), leaf(state_bytes)]) == log_root, "the last two leaves")
    state = cbor.decode(state_bytes)
    after = read_roster(roster_bytes)
    demand(state[0] == 13 and state[1] == height == after.height, "the same height")
    demand(after.epoch == epoch + 1 and len(after.places) == len(before.places), "the next epoch, of as many places")
    return after


# --- certificate files ---


def fields_of(file):
    head, _, note = file.partition("\n\n")
    lines = head.split("\n")
    demand(lines[0] == "credimus/certificate/1", "not a certificate file")
    fields = {}
    for line in lines[1:]:
        word, _, value = line.partition(" ")
        fields.setdefault(word, []).append(value)
    return fields, note


def blobs(fields, word):
    return [base64.b64decode(value, validate=True) for value in fields.get(word, [])]


def read_certificate(file, genesis_json):
    """The steps of docs/formats.md, "By hand": the belief's record, and who signed."""
    genesis = genesis_of(genesis_json)
    fields, note = fields_of(file)
    roster = Roster(0, 0, genesis["threshold"], genesis["places"])
    for record in blobs(fields, "handover"):
        roster = read_handover(record, roster, genesis["chain"])
    text, signers = read_note(note, roster.members)
    checkpoint = read_checkpoint(text, genesis["chain"])
    threshold = fraction_of(*checkpoint["threshold"])
    demand(checkpoint["epoch"] == roster.epoch and checkpoint["height"] > roster.height, "the epoch")
    demand(threshold >= roster.threshold, "the threshold")
    roster.demand_quorum(len(signers), threshold)
    state_bytes = blobs(fields, "state")[0]
    state = cbor.decode(state_bytes)
    index = int(fields["state-index"][0])
    demand(state[0] == 13 and state[1] == checkpoint["height"] and index == checkpoint["size"] - 1, "the state is the last leaf")
    demand(walk(leaf(state_bytes), index, checkpoint["size"], blobs(fields, "state-proof")) == checkpoint["root"], "the state's proof")
    records = blobs(fields, "member")
    decoded = [cbor.decode(record) for record in records]
    there = [member or [None, bytes(32)] for member in roster.places]
    demand([[r[2], r[3]] for r in decoded] == there and [r[1] for r in decoded] == list(range(len(there))), "the members")
    demand(not any(r[4] or r[5] or r[7] or r[8] for r in decoded if r[2] is None), "a vacant place counts for nothing")
    demand(root([leaf(record) for record in records]) == state[5], "the members' root")
    apart = sum(r[5] >= 2 for r in decoded)
    if apart > len(roster.members) - math.ceil(len(roster.members) * roster.threshold):
        raised = min(roster.threshold + fractions.Fraction(15, 100), fractions.Fraction(9, 10))
        demand(threshold >= max(roster.threshold, raised), "the threshold was raised")
    parameters_bytes = blobs(fields, "parameters")[0]
    parameters = cbor.decode(parameters_bytes)
    demand(leaf(parameters_bytes) == state[6] and parameters[:3] == [16, *checkpoint["threshold"]], "the parameters")
    weight = sum(r[4] for r in decoded if r[2] in signers)
    demand(weight >= sum(r[4] for r in decoded) * threshold, "enough weight")
    belief_bytes = blobs(fields, "belief")[0]
    belief = cbor.decode(belief_bytes)
    size, top = (int(fields["questions"][0]), state[4]) if belief[0] == 14 else (checkpoint["size"], checkpoint["root"])
    demand(belief[0] in (12, 14, 18), "the kind of the belief")
    demand(walk(leaf(belief_bytes), int(fields["index"][0]), size, blobs(fields, "proof")) == top, "the belief's proof")
    return belief, signers, checkpoint
