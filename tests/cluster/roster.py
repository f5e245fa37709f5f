"""What the tests of changing members share: proposing, and waiting for an epoch."""
import os
import signal
import time

from cluster import Cluster, Refused


def log_of(member):
    with open(os.path.join(member.directory, "log"), errors="replace") as file:
        return file.read()


def wait_for_log(member, words):
    Cluster.wait_until(lambda: words in log_of(member), f"m{member.number} says: {words}")


def key_of(cluster, member, name="key"):
    return cluster.run("key", "show", os.path.join(member.directory, name)).strip()


def post_change(member, change):
    """Until the end of the epoch before is signed by enough, the member says to come again. When the others have ended the epoch by now, they
    are enough."""
    end = time.monotonic() + 60
    while True:
        try:
            return member.post("/v1/proposals?ack=local", change)
        except Refused as refused:
            if "WRONG_EPOCH" in refused.body and member.status()["epoch"] > change["epoch"]:
                return None
            if "HANDING_OVER" not in refused.body or time.monotonic() > end:
                raise
        time.sleep(0.05)


def propose(cluster, proposers, epoch, **change):
    """Each of them proposes it; a quorum of them is what it takes. What comes when the epoch has ended already is refused as too late."""
    for member in proposers:
        post_change(member, {**change, "epoch": epoch})
    cluster.wait_until(lambda: all(m.status()["epoch"] == epoch + 1 for m in proposers), f"epoch {epoch + 1} for those who proposed")


def next_key(cluster, member):
    """Made ready in the running member: its public half."""
    loaded = log_of(member).count("key.next is loaded")
    fresh = cluster.run("key", "next", member.directory).strip()
    member.process.send_signal(signal.SIGHUP)
    cluster.wait_until(lambda: log_of(member).count("key.next is loaded") > loaded, "it has read its next key")
    return fresh


def rotate(cluster, member, proposers, epoch):
    """Another key without a restart, at the end of this epoch."""
    fresh = next_key(cluster, member)
    propose(cluster, proposers, epoch, change="key", member=f"m{member.number}", key=fresh)
    cluster.wait_until(lambda: key_of(cluster, member) == fresh, "the next key is the key")


def in_epoch(cluster, members, epoch):
    cluster.wait_until(lambda: all(m.status()["epoch"] == epoch and m.status()["is_member"] for m in members), f"all are members in epoch {epoch}")


def nothing_waits(member):
    """All that it told is executed, as far as it knows."""
    return all(lane["seq"] == lane["committed_seq"] for lane in member.status()["lanes"] if lane["member"] == member.number)


def settled(cluster, members):
    """One certified root for these members, and nothing of theirs waits."""
    numbers = [m.number for m in members]

    def same():
        seen = [m.status() for m in members]
        idle = all(lane["seq"] == lane["committed_seq"] for s in seen for lane in s["lanes"] if lane["member"] in numbers)
        return idle and len({(s["height"], s["root"]) for s in seen}) == 1 and all(s["final_height"] == s["height"] for s in seen)
    cluster.wait_until(same, "one certified root")
    return members[0].status()["root"]
