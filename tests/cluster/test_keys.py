"""Keys are replaced under bad circumstances: while the member is away, so that the others know it by another key than its ledger does, and when its lane
was closed by amnesia, which the new key opens again. Nobody's directory is touched by hand."""
import os
import signal

from cluster import Cluster, Refused
from roster import in_epoch, key_of, log_of, propose, settled, wait_for_log


def tell(member, question, observation):
    return member.post("/v1/evidence?ack=committed", {"question": question, "observation": observation, "llr": "0.25"})


def reminded(cluster, member, question, name):
    """It votes again once the group has gone on for a while: what it may have voted on is final then."""
    other = next(m for m in cluster.members if m is not member)
    count = [0]

    def is_reminded():
        count[0] += 1
        tell(other, question, f"{name} {count[0]}")
        return not os.path.exists(os.path.join(member.directory, "forgetful"))
    cluster.wait_until(is_reminded, f"m{member.number} was reminded")


def away(cluster, member, epoch, question):
    """Its new key comes into force while it is down. It is let in under that key, catches up, and swaps its files."""
    others = [m for m in cluster.members if m is not member]
    before = key_of(cluster, member)
    fresh = cluster.run("key", "next", member.directory).strip()
    member.kill()
    propose(cluster, others, epoch, change="key", member=f"m{member.number}", key=fresh)
    in_epoch(cluster, others, epoch + 1)
    tell(others[0], question, f"while m{member.number} was away")
    member.start()
    cluster.wait_until(lambda: cluster.answers(member), "it answers again")
    in_epoch(cluster, [member], epoch + 1)
    assert (key_of(cluster, member), key_of(cluster, member, "key.old")) == (fresh, before)
    tell(member, question, f"m{member.number} is back")
    settled(cluster, cluster.members)


def closed(cluster, member, epoch, question):
    """The mark of a closed lane is about one key: with the next one it is gone, at once and after a restart."""
    mark = os.path.join(member.directory, "lane-closed")
    member.kill()
    member.start("--recover")
    cluster.wait_until(lambda: cluster.answers(member), "it answers again")
    reminded(cluster, member, question, "while it forgets")
    with open(mark) as file:
        assert file.read().strip() == key_of(cluster, member)
    try:
        tell(member, question, "into a closed lane")
        raise AssertionError("the lane takes something")
    except Refused as refused:
        assert "LANE_CLOSED" in refused.body, refused
    fresh = cluster.run("key", "next", member.directory).strip()
    member.process.send_signal(signal.SIGHUP)
    wait_for_log(member, "key.next is loaded")
    propose(cluster, [m for m in cluster.members if m is not member], epoch, change="key", member=f"m{member.number}", key=fresh)
    in_epoch(cluster, cluster.members, epoch + 1)
    wait_for_log(member, "the lane of this member is open again, under its new key")
    assert not os.path.exists(mark)
    tell(member, question, "into an open lane")
    # A mark that a crash left, about the key before: it means nothing any more.
    with open(mark, "w") as file:
        file.write(key_of(cluster, member, "key.old") + "\n")
    member.kill()
    member.start()
    cluster.wait_until(lambda: cluster.answers(member), "it answers again")
    wait_for_log(member, "is about a key that is no longer this member's")
    assert not os.path.exists(mark)
    tell(member, question, "after a restart")
    settled(cluster, cluster.members)


def lost(cluster, member, epoch, question):
    """The ledger is lost after its key came into force: that key may have signed, so its lane stays closed though it finds the key anew."""
    member.kill()
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        path = os.path.join(member.directory, name)
        if os.path.exists(path):
            os.unlink(path)
    member.start()
    cluster.wait_until(lambda: cluster.answers(member), "it answers again")
    in_epoch(cluster, [member], epoch)
    reminded(cluster, member, question, "while it has lost its ledger")
    try:
        tell(member, question, "at a place that may be taken")
        raise AssertionError("the lane takes something")
    except Refused as refused:
        assert "LANE_CLOSED" in refused.body, refused
    with open(os.path.join(member.directory, "lane-closed")) as file:
        assert file.read().strip() == key_of(cluster, member)


def main():
    with Cluster(4) as cluster:
        question = cluster.members[0].ask(title="Whose key is it?", hypotheses=["a", "b"], mode="pool", cap=1000, decide_at=10000)
        cluster.wait_until(lambda: all(m.show(question) for m in cluster.members), "every member knows the question")
        away(cluster, cluster.members[3], 0, question)  # the others dial it
        away(cluster, cluster.members[0], 1, question)  # it dials the others
        closed(cluster, cluster.members[1], 2, question)
        lost(cluster, cluster.members[1], 3, question)
        settled(cluster, cluster.members)
        for member in cluster.members:
            assert "proof of misbehaviour" not in log_of(member), f"m{member.number} accuses somebody"
            member.kill(signal.SIGTERM)
            cluster.run("log", "--check", member.directory)
        print("keys came into force while a member was away, opened a lane, and kept one closed")


main()
