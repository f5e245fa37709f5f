"""Members change while evidence comes in all the time: one is added, one's key is replaced, one is removed, nobody is restarted for it.

Nothing that a member acknowledged is lost, all come to one root in each epoch, certificates of the last epoch verify with the genesis alone, the
ledgers check clean, and all members find their way back into the last epoch after a restart."""
import http.client
import json
import os
import shutil
import signal
import threading
import time

from cluster import Cluster, Member, Refused
from roster import in_epoch, key_of, log_of, next_key, propose, settled, wait_for_log

PLACE = 4  # vacant at first
QUESTION = {"title": "Is it raining?", "hypotheses": ["yes", "no"], "mode": "pool", "cap": 1000, "decide_at": 10000}


class Load(threading.Thread):
    """Tells one member of new observations until it is told to stop, and counts what was acknowledged."""

    def __init__(self, member, question):
        super().__init__(daemon=True)
        self.member, self.question = member, question
        self.acknowledged, self.unknown, self.ending = 0, 0, False
        self.refusals = []
        self.start()

    def run(self):
        connection = self.member.connection()
        for i in range(1 << 30):
            if self.ending:
                break
            try:
                self.tell(i, connection)
                self.acknowledged += 1
            except Refused as refused:
                self.refusals.append(str(refused))  # it was not taken
                time.sleep(0.05)
            except (OSError, http.client.HTTPException):
                self.unknown += 1
                connection = self.member.connection()
            time.sleep(0.01)

    def tell(self, i, connection):
        """A 503 says to say the same again: its batch was on its way when the key changed. The repetition is no second tell."""
        item = {"question": self.question, "observation": f"m{self.member.number} {i}", "llr": "0.25"}
        for left in reversed(range(100)):
            try:
                return self.member.post("/v1/evidence?ack=local", item, connection=connection)
            except Refused as refused:
                if refused.code != 503 or left == 0 or self.ending:
                    raise
                time.sleep(0.1)

    def end(self):
        self.ending = True
        self.join(60)
        assert not self.is_alive()


def write_secret(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def newcomer(cluster):
    """The directory of a member to come, as its owner makes it: the genesis of the group, a key of its own, the others' addresses."""
    directory = os.path.join(cluster.directory, f"m{PLACE}")
    os.mkdir(directory, 0o700)
    shutil.copy(cluster.genesis, os.path.join(directory, "genesis.json"))
    first = cluster.members[0].config
    port = int(first["listen"].rsplit(":", 1)[1]) + PLACE
    write_secret(os.path.join(directory, "config.json"), json.dumps({
        "member": PLACE, "listen": f"127.0.0.1:{port}", "api": f"127.0.0.1:{port + 1000}", "peers": first["peers"][:PLACE]}))
    write_secret(os.path.join(directory, "token"), os.urandom(32).hex() + "\n")
    cluster.run("key", "new", os.path.join(directory, "key"))
    member = Member(cluster, PLACE)
    cluster.members.append(member)
    return member


def add(cluster, question):
    """It follows before it is a member, is dialled as soon as the others have its address, and catches up."""
    old = list(cluster.members)
    fifth = newcomer(cluster)
    fifth.start()
    wait_for_log(fifth, "this key is not a member's in epoch 0: it follows, and signs nothing")
    propose(cluster, old[:3], 0, change="add", place=PLACE, name="newcomer", key=key_of(cluster, fifth))
    in_epoch(cluster, old, 1)
    for member in old:
        assert "link to newcomer is up" not in log_of(member)
        member.configure(peers=member.config["peers"][:PLACE] + [fifth.config["listen"]])
        member.process.send_signal(signal.SIGHUP)
    in_epoch(cluster, [fifth], 1)
    for member in old:
        wait_for_log(member, "link to newcomer is up")
    cluster.wait_until(lambda: fifth.show(question)["items"] > 0, "the newcomer knows the question")
    return fifth


def rotate(cluster, member, loads):
    """Another key without a restart: the load goes on, and the files are swapped when the epoch begins."""
    process, before = member.process.pid, key_of(cluster, member)
    fresh = next_key(cluster, member)
    assert "exists already" in cluster.run("key", "next", member.directory, expect=1)
    taken = loads[member.number].acknowledged
    propose(cluster, cluster.members[:4], 1, change="key", member=f"m{member.number}", key=fresh)
    in_epoch(cluster, cluster.members, 2)
    cluster.wait_until(lambda: loads[member.number].acknowledged > taken + 10, "it goes on under the new key")
    assert (key_of(cluster, member), key_of(cluster, member, "key.old")) == (fresh, before)
    assert not os.path.exists(os.path.join(member.directory, "key.next"))
    assert member.process.pid == process and member.process.poll() is None
    for other in cluster.members:
        if other is not member:
            wait_for_log(other, f"link to m{member.number} is down")  # it is known by another key now


def remove(cluster, member, loads):
    """Its links end, and whoever it dials says why it is not let in."""
    rest = [m for m in cluster.members if m is not member]
    loads[member.number].end()
    propose(cluster, rest, 2, change="remove", member=f"m{member.number}")
    in_epoch(cluster, rest, 3)
    for other in rest:
        if other.number > member.number:  # those it dials
            wait_for_log(other, "its key is not a member's in epoch 3")
    wait_for_log(member, "the other end refuses this member")
    return rest


def certified(cluster, member, question, path):
    """A new height may be on its way to its certificate."""
    try:
        cluster.run("certificate", member.directory, question, "-o", path)
    except AssertionError as refused:
        assert "not certified" in str(refused), refused
        return False
    return True


def check_certificates(cluster, members, question, name):
    for member in members:
        path = os.path.join(cluster.directory, f"{name}.m{member.number}.cert")
        cluster.wait_until(lambda: certified(cluster, member, question, path), f"a certificate of m{member.number}", seconds=20)
        said = json.loads(cluster.run("verify", path, "--genesis", cluster.genesis, "--json"))
        assert said["ok"] and said["question"] == question, said
        assert len(said["signers"]) >= 3 and "m1" not in said["signers"], said
    # The genesis of another group is no anchor for it.
    with open(cluster.genesis) as file:
        other = file.read().replace('"testnet"', '"another"')
    path = os.path.join(cluster.directory, f"other-{name}.json")
    with open(path, "w") as file:
        file.write(other)
    cluster.run("verify", os.path.join(cluster.directory, f"{name}.m{members[0].number}.cert"), "--genesis", path, expect=1)


def check_count(members, loads, question):
    """What the removed member had told leaves an open question with it, so the others' is all there is."""
    acknowledged = sum(loads[m.number].acknowledged for m in members)
    unknown = sum(loads[m.number].unknown for m in members)
    for member in members:
        shown = member.show(question)["items"]
        assert acknowledged <= shown <= acknowledged + unknown, f"m{member.number}: {shown} items of {acknowledged} (and {unknown} unknown)"
    return acknowledged


def restart(cluster, members):
    for member in cluster.members:
        member.kill(signal.SIGTERM)
    for member in cluster.members:
        said = cluster.run("log", "--check", member.directory)
        assert "all good" in said, said
        cluster.run("config", "check", member.directory)
    for member in members:
        member.start()
    cluster.wait_until(lambda: all(cluster.answers(m) for m in members), "all answer again")
    in_epoch(cluster, members, 3)


def main():
    with Cluster(4, vacant=1) as cluster:
        question = cluster.members[0].ask(**QUESTION)
        cluster.wait_until(lambda: all(m.show(question) for m in cluster.members), "every member knows the question")
        loads = {m.number: Load(m, question) for m in cluster.members}
        fifth = add(cluster, question)
        loads[PLACE] = Load(fifth, question)
        cluster.wait_until(lambda: loads[PLACE].acknowledged > 10, "the newcomer tells")
        rotate(cluster, cluster.members[2], loads)
        rest = remove(cluster, cluster.members[1], loads)
        taken = {number: load.acknowledged for number, load in loads.items()}
        cluster.wait_until(lambda: all(loads[m.number].acknowledged > taken[m.number] + 10 for m in rest), "the rest goes on")
        for load in loads.values():
            if not load.ending:
                load.end()
        for number in (0, 2, 3, PLACE):
            assert not loads[number].refusals, f"m{number}: {loads[number].refusals[:3]}"
        settled(cluster, rest)
        count = check_count(rest, loads, question)
        check_certificates(cluster, rest, question, "before")
        restart(cluster, rest)
        for member in rest:
            member.post("/v1/evidence?ack=committed", {"question": question, "observation": f"m{member.number} after the restart", "llr": "0.25"})
            loads[member.number].acknowledged += 1
        root = settled(cluster, rest)
        assert check_count(rest, loads, question) == count + len(rest)
        check_certificates(cluster, rest, question, "after")
        # Started again, the one that was removed is refused as before, and disturbs nobody.
        cluster.members[1].start()
        wait_for_log(rest[-1], "its key is not a member's in epoch 3")
        assert rest[0].post("/v1/evidence?ack=committed", {"question": question, "observation": "undisturbed", "llr": "0.25"})
        print(f"{count} acknowledged items through three changes, all there; one root {root[:16]}")


main()
