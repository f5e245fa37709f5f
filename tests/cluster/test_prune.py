"""Members prune what is older than a certified snapshot, and start from it; whoever is further behind comes back with one.

Nothing that was said is lost: verdicts from before have their certificates, roots are equal, the ledgers check clean. A snapshot that was changed, or
is of another group, or comes where a ledger is, is refused and leaves nothing."""
import http.client
import json
import os
import signal
import threading
import time

from cluster import Cluster, Refused
from roster import log_of, wait_for_log

INTERVAL = 1024
POOL = {"hypotheses": ["yes", "no"], "mode": "pool", "cap": 1000}


class Load(threading.Thread):
    """Keeps a member telling until it is told to stop: every few milliseconds another block."""

    def __init__(self, member, question):
        super().__init__(daemon=True)
        self.member, self.question, self.ending = member, question, False
        self.start()

    def run(self):
        connection, i = self.member.connection(), 0
        while not self.ending:
            i += 1
            try:
                self.member.post("/v1/evidence?ack=local", {"question": self.question, "observation": f"m{self.member.number} {time.time_ns()}", "llr": "0.01"},
                                 connection=connection)
            except (OSError, Refused, http.client.HTTPException):
                connection = self.member.connection()
            time.sleep(0.002)

    def end(self):
        self.ending = True
        self.join(60)
        assert not self.is_alive()


def until_height(cluster, members, question, height):
    loads = [Load(member, question) for member in members]
    cluster.wait_until(lambda: members[0].status()["height"] > height, f"height {height}", seconds=300)
    for load in loads:
        load.end()


def same_root(cluster, members, certified=True):
    """With one of four away nothing is certified: the others stand at "major" (docs/protocol.md 6)."""
    def same():
        seen = [m.status() for m in members]
        is_final = not certified or all(s["final_height"] == s["height"] for s in seen)
        return is_final and len({(s["height"], s["root"]) for s in seen}) == 1
    cluster.wait_until(same, "one root")


def prunes(cluster, members):
    """Told while it runs; the fourth keeps everything."""
    for member in members:
        member.configure(retain=INTERVAL)
        member.process.send_signal(signal.SIGHUP)
        wait_for_log(member, '"retain" of config.json has changed')


def decided(cluster, question):
    """A verdict of the first blocks."""
    for member in cluster.members[:3]:
        member.post("/v1/evidence?ack=committed", {"question": question, "observation": f"early {member.number}", "llr": "2"})
    cluster.members[0].post("/v1/close?ack=committed", {"question": question})
    cluster.wait_until(lambda: cluster.members[0].show(question)["status"] != "open", "a verdict")


def check_certificate(cluster, member, question, name):
    path = os.path.join(cluster.directory, name)
    cluster.run("certificate", member.directory, question, "-o", path)
    said = json.loads(cluster.run("verify", path, "--genesis", cluster.genesis, "--json"))
    assert said["ok"] and said["question"] == question, said


def starts_from_its_snapshot(cluster, member):
    member.kill(signal.SIGKILL)
    said = cluster.run("log", member.directory, "--check")
    assert said.startswith("all good: "), said
    assert cluster.run("log", member.directory).startswith(f"height {INTERVAL + 1},")
    assert "what came before was pruned" in cluster.run("log", member.directory, "--height", "7", expect=1)
    member.start()
    cluster.wait_until(lambda: cluster.answers(member), "it answers")
    assert f"began with the snapshot of height {INTERVAL}" in log_of(member)


def changed(path, at):
    """A copy with one bit turned."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[at] ^= 1
    with open(path + ".changed", "wb") as file:
        file.write(data)
    return path + ".changed"


def refuses_what_is_not_the_snapshot(cluster, path, member):
    size = os.path.getsize(path)
    for at in (0, size // 3, size - 1):
        copy = changed(path, at)
        cluster.run("snapshot", "verify", copy, "--genesis", cluster.genesis, expect=1)
        cluster.run("snapshot", "restore", copy, member.directory, expect=1)
        assert not os.path.exists(os.path.join(member.directory, "ledger.db"))
    with open(cluster.genesis) as file:
        other = file.read().replace('"testnet"', '"another"')
    with open(os.path.join(cluster.directory, "other.json"), "w") as file:
        file.write(other)
    cluster.run("snapshot", "verify", path, "--genesis", os.path.join(cluster.directory, "other.json"), expect=1)


def comes_back_with_a_snapshot(cluster, member, source):
    """Its ledger is lost, and the blocks from the first one on nobody has any more."""
    path = os.path.join(cluster.directory, "state.snapshot")
    os.rename(os.path.join(member.directory, "ledger.db"), os.path.join(member.directory, "ledger.lost"))
    cluster.run("snapshot", "save", path, "--genesis", cluster.genesis, "--member", source.directory)
    said = cluster.run("snapshot", "verify", path, "--genesis", cluster.genesis)
    assert str(INTERVAL) in said, said
    refuses_what_is_not_the_snapshot(cluster, path, member)
    cluster.run("snapshot", "restore", path, member.directory)
    again = cluster.run("snapshot", "restore", path, member.directory, expect=1)
    assert "ledger.db" in again, again
    member.start()
    cluster.wait_until(lambda: cluster.answers(member), "it answers")
    assert f"began with the snapshot of height {INTERVAL}" in log_of(member)


def main():
    with Cluster(4) as cluster:
        members, away = cluster.members[:3], cluster.members[3]
        prunes(cluster, members)
        early = members[0].ask(title="early", decide_at=10000, **POOL)
        decided(cluster, early)
        question = members[0].ask(title="late", decide_at=10000, **POOL)
        until_height(cluster, members, question, INTERVAL + 10)
        same_root(cluster, cluster.members)
        away.kill(signal.SIGTERM)
        until_height(cluster, members, question, 2 * INTERVAL + 10)
        same_root(cluster, members, certified=False)
        for member in members:
            wait_for_log(member, f"pruned the blocks below height {INTERVAL}")
        check_certificate(cluster, members[1], early, "early.cert")
        starts_from_its_snapshot(cluster, members[0])
        same_root(cluster, members, certified=False)
        comes_back_with_a_snapshot(cluster, away, members[1])
        same_root(cluster, cluster.members)
        until_height(cluster, members, question, 2 * INTERVAL + 100)
        same_root(cluster, cluster.members)
        check_certificate(cluster, members[0], early, "again.cert")
        root = members[0].status()["root"]
        for member in cluster.members:
            member.kill(signal.SIGTERM)
            assert cluster.run("log", member.directory, "--check").startswith("all good: ")
        print(f"pruned below {INTERVAL}, one came back with the snapshot of {INTERVAL}; one root {root[:16]}")


main()
