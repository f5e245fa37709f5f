"""A backup of a running member under load, what is refused when it is put back, a restored member that asks the others before it votes and
never takes evidence again, and content that is erased from the files of every member while everything signed still verifies."""
import base64
import glob
import json
import os
import subprocess
import threading
import time

from cluster import Cluster, Refused, listing

CONTENT = b"the bytes that somebody wants to be gone: " + os.urandom(24).hex().encode() * 40
SMALL = b"a small one, inside its row: " + os.urandom(12).hex().encode()


class Load:
    """Evidence for some members, one item at a time, until it is stopped."""

    def __init__(self, members, question):
        self.question, self.acknowledged, self.stopping = question, [[] for _ in members], threading.Event()
        self.threads = [threading.Thread(target=self.tell, args=(m, self.acknowledged[i])) for i, m in enumerate(members)]
        for thread in self.threads:
            thread.start()

    def tell(self, member, acknowledged):
        number = 0
        while not self.stopping.is_set():
            name = f"m{member.number} {number}"
            content = base64.b64encode(os.urandom(6000)).decode()
            member.post("/v1/evidence", {"question": self.question, "observation": name, "llr": "0.001", "content": content})
            acknowledged.append(name)
            number += 1

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs"


def refused(cluster, directory, *said):
    """The log of a member that runs goes on meanwhile."""
    cluster.refused(directory, *said, but=("log",))


def backups_under_load(cluster, member, question):
    """Returns the first: the member has signed much more since."""
    load = Load(cluster.members, question)
    paths = []
    try:
        for i in range(3):
            goal = member.status()["height"] + 5
            cluster.wait_until(lambda: member.status()["height"] >= goal, "blocks between the backups")
            path = os.path.join(cluster.directory, f"backup{i}.db")
            before = member.status()["height"]
            said = json.loads(cluster.run("backup", member.directory, path, "--json"))
            assert before <= said["height"] <= member.status()["height"], (before, said)
            assert said["bytes"] == os.path.getsize(path) and os.stat(path).st_mode & 0o777 == 0o600
            paths.append(path)
    finally:
        load.stop()
    assert all(load.acknowledged), "no load"
    assert glob.glob(os.path.join(cluster.directory, "*.part*")) == []
    with open(paths[0], "rb") as file:
        kept = file.read()
    said = cluster.run("backup", member.directory, paths[0], expect=1)
    assert "there is a file already" in said, said
    said = cluster.run("backup", member.directory, os.path.join(cluster.directory, "nowhere", "file"), expect=1)
    assert "No such file" in said, said
    with open(paths[0], "rb") as file:
        assert file.read() == kept, "a backup was overwritten"
    with open(os.path.join(member.directory, "key")) as key:
        secret = key.read().split()[1]
    assert secret.encode() not in kept and bytes.fromhex(secret) not in kept, "the key is in the backup"
    print(f"{len(paths)} backups of {[os.path.getsize(p) for p in paths]} bytes under load, {sum(map(len, load.acknowledged))} items")
    return paths[0]


def flipped(path, at):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[at % len(data)] ^= 1
    with open(path + ".flipped", "wb") as file:
        file.write(data)
    return path + ".flipped"


def bad_backups(cluster, member, path):
    """Of a member without a ledger that does not run."""
    directory, size = member.directory, os.path.getsize(path)
    with open(path, "rb") as file:
        data = file.read()
    signed = data.rindex(b"Is it true")  # inside the one ask, which its header's root covers
    refused(cluster, directory, "row", "restore", flipped(path, signed), directory)
    for at in (3, size // 2, size - 10):
        before = listing(directory, ("log",))
        copy = flipped(path, at)
        done = subprocess.run([cluster.binary, "restore", copy, directory], capture_output=True, text=True, timeout=120)
        # A bit in a place that nothing uses is no damage; everything else is found.
        if done.returncode == 0:
            os.remove(os.path.join(directory, "ledger.db"))
            for mark in ("forgetful", "lane-closed"):
                os.remove(os.path.join(directory, mark))
        else:
            assert "credimus restore" in done.stderr, done.stderr
        assert listing(directory, ("log",)) == before
    for keep in (0, 1, 50, 4096, size // 2, size - 1):
        with open(path + ".cut", "wb") as file:
            file.write(data[:keep])
        refused(cluster, directory, "credimus restore", "restore", path + ".cut", directory)
    with open(path + ".text", "w") as file:
        file.write("this is not a ledger\n" * 1000)
    refused(cluster, directory, "credimus restore", "restore", path + ".text", directory)
    refused(cluster, directory, "not found", "restore", path + ".none", directory)
    theirs = os.path.join(cluster.directory, "theirs.db")
    cluster.run("backup", cluster.members[0].directory, theirs)
    refused(cluster, directory, "another member", "restore", theirs, directory)
    other = os.path.join(cluster.directory, "other")
    cluster.run("testnet", "new", other, "--members", "4", "--base-port", "30000")
    there = os.path.join(other, f"m{member.number}")
    refused(cluster, there, "another chain", "restore", path, there)


def is_reminded(cluster, member, question):
    """Its mark goes with the first blocks above all that it may have signed; those take evidence."""
    if not os.path.exists(os.path.join(member.directory, "forgetful")):
        return True
    tell = {"question": question, "observation": f"to remind it {time.monotonic_ns()}", "llr": "0.001"}
    cluster.members[0].post("/v1/evidence?ack=committed", tell)
    return False


def restore(cluster, member, question, path):
    """The ledger is lost and comes back older than what was signed."""
    lost = member.status()
    said = cluster.run("restore", path, member.directory, expect=1)
    assert "in use" in said, said
    member.kill()
    refused(cluster, member.directory, "there already", "restore", path, member.directory)
    member.start()
    cluster.wait_until(lambda: cluster.answers(member), "it answers before it loses its ledger")
    for file in glob.glob(os.path.join(member.directory, "ledger.db*")):
        os.remove(file)
    # A member that runs on without its files is still one that runs.
    said = cluster.run("restore", path, member.directory, expect=1)
    assert "in use" in said, said
    assert not os.path.exists(os.path.join(member.directory, "ledger.db"))
    member.kill()
    bad_backups(cluster, member, path)
    said = cluster.run("restore", path, member.directory)
    assert "asks the others" in said and "lane stays closed" in said, said
    assert {"forgetful", "lane-closed", "started", "ledger.db"} <= set(os.listdir(member.directory))
    assert os.stat(os.path.join(member.directory, "ledger.db")).st_mode & 0o777 == 0o600
    cluster.run("log", member.directory, "--check")
    refused(cluster, member.directory, "there already", "restore", path, member.directory)
    member.start()
    cluster.wait_until(lambda: cluster.answers(member), "the restored member answers")
    cluster.settle()
    cluster.wait_until(lambda: is_reminded(cluster, member, question), "the others told it")
    cluster.settle()
    assert member.status()["height"] >= lost["height"]


def lane_is_closed(cluster, member, question):
    seq = next(lane["seq"] for lane in member.status()["lanes"] if lane["member"] == member.number)
    for _ in range(2):
        try:
            member.post("/v1/evidence", {"question": question, "observation": "after the restore", "llr": "0.5"})
            raise AssertionError("a restored member took evidence")
        except Refused as no:
            assert no.code == 503 and "LANE_CLOSED" in no.body, no
        member.kill()
        member.start()
        cluster.wait_until(lambda: cluster.answers(member), "it answers after another restart")
    cluster.settle()
    assert seq == next(lane["seq"] for lane in member.status()["lanes"] if lane["member"] == member.number)


def votes_again(cluster, member, question):
    """Three of four are a quorum: without its votes nothing moves."""
    away = cluster.members[3]
    away.kill()
    teller = cluster.members[0]
    height = member.status()["height"]
    teller.post("/v1/evidence?ack=committed", {"question": question, "observation": "it takes its vote", "llr": "0.5"})
    cluster.wait_until(lambda: member.status()["height"] > height, "the restored member votes")
    away.start()
    cluster.wait_until(lambda: cluster.answers(away), "the fourth answers")
    cluster.settle()


def nobody_looks_guilty(cluster):
    for member in cluster.members:
        status = member.status()
        assert not any(m["proofs"] for m in status["misbehaviour"]), status["misbehaviour"]
        assert not any(lane["forked"] or lane["sealed"] for lane in status["lanes"]), status["lanes"]


def holds(member, content):
    """Whether any piece of it stands in the ledger's files."""
    for path in glob.glob(os.path.join(member.directory, "ledger.db*")):
        with open(path, "rb") as file:
            if content[:28] in (data := file.read()) or content[-40:] in data:
                return True
    return False


def erase_at(cluster, member, question):
    said = cluster.run("erase", member.directory, question, "big", expect=1)
    assert "stop the member" in said, said
    member.kill()  # its log stays as it was, contents and all
    assert holds(member, CONTENT) and holds(member, SMALL)
    erase = lambda *more, expect=0: cluster.run("erase", member.directory, *more, expect=expect)
    said = erase("0" * 32, "big", expect=1)
    assert "knows no question" in said, said
    said = erase(question, "never told", expect=1)
    assert "nobody told" in said, said
    said = erase(question, "big", "--member", "m3", expect=1)
    assert "m3 did not tell" in said, said
    said = erase(question, "big", "--member", "nobody", expect=1)
    assert "no member is called" in said, said
    said = erase(question, "bare", expect=1)
    assert "nothing to erase" in said, said
    assert holds(member, CONTENT) and holds(member, SMALL)
    said = erase(question, "big", "--member", "m2")
    assert f"erased: 1 content of {len(CONTENT)} bytes" in said and "backups" in said, said
    assert not holds(member, CONTENT) and holds(member, SMALL)
    assert json.loads(erase(question, "small", "--json")) == {"erased": 1, "bytes": len(SMALL), "erased_before": 0, "elsewhere": 0}
    assert not holds(member, SMALL)
    said = erase(question, "big")
    assert "already erased" in said, said
    cluster.run("log", member.directory, "--check")
    member.start()
    cluster.wait_until(lambda: cluster.answers(member), "it answers without the content")
    cluster.settle()


def erase(cluster, question):
    """From m0, m1 and m2; then m3 loses all it has and gets the batch from them, without the content."""
    keep = cluster.members[3]
    for member in cluster.members[:3]:
        erase_at(cluster, member, question)
    keep.kill()
    assert holds(keep, CONTENT), "erasing reached another member"
    for file in glob.glob(os.path.join(keep.directory, "ledger.db*")):
        os.remove(file)
    keep.start()
    cluster.wait_until(lambda: cluster.answers(keep), "a member that lost everything answers")
    cluster.settle()
    for member in cluster.members:
        path = os.path.join(cluster.directory, f"m{member.number}.cert")
        cluster.run("certificate", member.directory, question, "-o", path)
        said = json.loads(cluster.run("verify", path, "--genesis", cluster.genesis, "--json"))
        assert said["ok"] and said["question"] == question, said
    nobody_looks_guilty(cluster)
    for member in cluster.members:
        member.kill()
        assert not holds(member, CONTENT) and not holds(member, SMALL)
        cluster.run("log", member.directory, "--check")


def main():
    begun = time.monotonic()
    with Cluster(4) as cluster:
        asker, victim, teller = cluster.members[0], cluster.members[1], cluster.members[2]
        question = asker.ask(title="Is it true?", hypotheses=["yes", "no"], mode="pool", cap=10000, decide_at=40000)
        cluster.wait_until(lambda: all(m.show(question) for m in cluster.members), "every member knows the question")
        for name, content in (("big", CONTENT), ("small", SMALL), ("bare", None)):
            item = {"question": question, "observation": name, "llr": "0.25"}
            teller.post("/v1/evidence?ack=committed", item if content is None else item | {"content": content.decode()})
        path = backups_under_load(cluster, victim, question)
        cluster.settle()
        restore(cluster, victim, question, path)
        lane_is_closed(cluster, victim, question)
        votes_again(cluster, victim, question)
        nobody_looks_guilty(cluster)
        erase(cluster, question)
    print(f"restored, voting, its lane closed; erased everywhere ({time.monotonic() - begun:.0f} s)")


main()
