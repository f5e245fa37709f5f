"""Readers of what leaves a group, written from docs/formats.md and the standards and not from the C: trees of RFC 9162, signed notes
of C2SP, COSE Receipts of RFC 9942, certificate files. Each raises Refused when something does not hold."""
import base64
import fractions
import hashlib
import json
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
    canonical = cbor.encode([0, genesis["credimus"], genesis["name"], created, [numerator, denominator], members,
                             genesis["state_bytes_max"]])
    return {"members": members, "threshold": fractions.Fraction(numerator, denominator), "canonical": canonical,
            "chain": sha256(canonical)}


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
    """The seven steps of docs/formats.md, "By hand": the belief's record, and who signed."""
    genesis = genesis_of(genesis_json)
    members = genesis["members"]
    fields, note = fields_of(file)
    text, signers = read_note(note, members)
    checkpoint = read_checkpoint(text, genesis["chain"])
    threshold = fractions.Fraction(*checkpoint["threshold"])
    demand(checkpoint["epoch"] == 0 and threshold >= genesis["threshold"], "epoch and threshold")
    demand(len(signers) >= len(members) * threshold, "enough members signed")
    state_bytes = blobs(fields, "state")[0]
    state = cbor.decode(state_bytes)
    index = int(fields["state-index"][0])
    demand(state[0] == 13 and state[1] == checkpoint["height"] and index == checkpoint["size"] - 1, "the state is the last leaf")
    demand(walk(leaf(state_bytes), index, checkpoint["size"], blobs(fields, "state-proof")) == checkpoint["root"], "the state's proof")
    records = blobs(fields, "member")
    decoded = [cbor.decode(record) for record in records]
    demand([[r[2], r[3]] for r in decoded] == members and [r[1] for r in decoded] == list(range(len(members))), "the members")
    demand(root([leaf(record) for record in records]) == state[5], "the members' root")
    demand(leaf(cbor.encode([16, *checkpoint["threshold"]])) == state[6], "the parameters")
    weight = sum(r[4] for r in decoded if r[2] in signers)
    demand(weight >= sum(r[4] for r in decoded) * threshold, "enough weight")
    belief_bytes = blobs(fields, "belief")[0]
    belief = cbor.decode(belief_bytes)
    size, top = (int(fields["questions"][0]), state[4]) if belief[0] == 14 else (checkpoint["size"], checkpoint["root"])
    demand(belief[0] in (12, 14, 18), "the kind of the belief")
    demand(walk(leaf(belief_bytes), int(fields["index"][0]), size, blobs(fields, "proof")) == top, "the belief's proof")
    return belief, signers, checkpoint
