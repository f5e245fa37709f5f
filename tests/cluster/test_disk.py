"""The disk of a member fills up: it refuses evidence in good time and goes on otherwise; with nothing left it stands still, goes on
serving reads, and goes on where it stood when there is room; nothing that it acknowledged is lost, killed or not."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

from cluster import SKIPPED, Cluster, Refused

DISK_BYTES = 128 << 20
LOW_BYTES = 64 << 20  # src/node/node.c refuses evidence below


class SmallDisk(Cluster):
    """Member 0's directory is a file system of its own."""

    def __init__(self, members):
        super().__init__(members)
        self.disk = self.members[0].directory
        with tempfile.TemporaryDirectory() as aside:
            shutil.copytree(self.disk, aside, dirs_exist_ok=True)
            try:
                mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", self.disk],
                                         capture_output=True, text=True)
            except FileNotFoundError as missing:
                mounted = subprocess.CompletedProcess([], 1, "", str(missing))
            if mounted.returncode != 0:
                shutil.rmtree(self.directory)
                print(f"skipped: no file system of its own for a member (mount: {mounted.stderr.strip()})")
                sys.exit(SKIPPED)
            shutil.copytree(aside, self.disk, dirs_exist_ok=True)
        # What it says must be readable when its disk is full.
        self.log = os.path.join(self.directory, "m0.log")
        os.symlink(self.log, os.path.join(self.disk, "log"))

    def __exit__(self, kind, value, trace):
        self.members[0].kill()
        if kind is not None:
            shutil.copytree(self.disk, self.disk + ".full", ignore=shutil.ignore_patterns("ballast"))
        subprocess.run(["umount", self.disk], check=True)
        if kind is not None:
            shutil.copytree(self.disk + ".full", self.disk, dirs_exist_ok=True)
        super().__exit__(kind, value, trace)

    def free_bytes(self):
        disk = os.statvfs(self.disk)
        return disk.f_bavail * disk.f_frsize

    def fill(self, left_bytes):
        with open(os.path.join(self.disk, "ballast"), "ab") as ballast:
            missing = self.free_bytes() - left_bytes
            os.posix_fallocate(ballast.fileno(), ballast.tell(), missing)

    def make_room(self):
        os.remove(os.path.join(self.disk, "ballast"))

    def said(self, words):
        with open(self.log, errors="replace") as log:
            return words in log.read()


def refusal(member, body):
    """None when it was taken."""
    try:
        member.post("/v1/evidence", body)
        return None
    except Refused as refused:
        return refused


def metric(member, name):
    lines = member.get("/metrics").decode().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"credimus_{name} "))


def until_full(cluster, tell, prefix):
    """Leaves nothing, and has the others talk until a step finds no room. Few words are enough, each makes a block."""
    m, others = cluster.members[0], cluster.members[1:]
    cluster.fill(0)
    for i in range(2000):
        if m.status()["disk"] == "full":
            return
        tell(others[i % 3], f"{prefix} {i}")
    raise AssertionError("a disk without any room was never noticed")


def burst(member, question, told):
    """Evidence for the member with the full disk, before it has looked at its disk again. Returns what may or may not come to be: what it
    neither acknowledged nor refused."""
    unknown = 0
    for i in range(50):
        item = {"question": question, "observation": f"at the edge {i}", "llr": "0.25"}
        connection = member.connection(timeout=3)
        try:
            member.post("/v1/evidence", item, connection=connection)
            told.append(item["observation"])
        except Refused as refused:
            assert refused.code == 507 and "DISK_FULL" in refused.body, refused
            return unknown
        except OSError:  # still waiting for room, and not acknowledged
            unknown += 1
        finally:
            connection.close()
    return unknown


def stand_still(cluster, question, told, tell):
    """Nothing is left at all: reads go on, nothing else does; room returns, and the member goes on without a restart."""
    m, others = cluster.members[0], cluster.members[1:]
    process = m.process
    cluster.fill(0)
    unknown = burst(m, question, told)
    cluster.make_room()
    until_full(cluster, tell, "beyond the disk")
    refused = refusal(m, {"question": question, "observation": "refused", "llr": "0.25"})
    assert refused is not None and refused.code == 507 and "DISK_FULL" in refused.body, refused
    assert metric(m, "disk_full") == 1 and metric(m, "disk_low") == 1
    try:
        m.get("/readyz")
        raise AssertionError("ready without any room")
    except Refused as refused:
        assert refused.code == 503 and "DISK_FULL" in refused.body, refused
    assert m.get("/healthz")["healthy"]
    stood = m.status()
    tell(others[0], "without it")
    cluster.wait_until(lambda: others[1].status()["height"] > stood["height"], "the others go on")
    # Committed, local and in the list: reads of where it stood. It does not move meanwhile.
    assert m.show(question)["items"] <= others[1].show(question)["items"]
    assert m.show(question, "local")["question"] == question
    assert m.get("/v1/questions")["total"] == 1
    now = m.status()
    assert (now["height"], now["root"], now["view"]) == (stood["height"], stood["root"], stood["view"])
    assert now["disk"] == "full" and now["counters"] == stood["counters"], "a member without room took something in"
    cluster.make_room()
    cluster.wait_until(lambda: m.status()["disk"] == "room", "it finds the room")
    cluster.settle()
    assert m.process is process and process.poll() is None
    assert cluster.said("no room on the disk") and cluster.said("room on the disk again")
    shown = m.show(question)["items"]
    assert len(told) <= shown <= len(told) + unknown, f"{shown} items, {len(told)} were acknowledged, {unknown} may be there"
    told.extend(["unacknowledged"] * (shown - len(told)))


def kill_while_it_waits(cluster, question, told, tell):
    m, others = cluster.members[0], cluster.members[1:]
    until_full(cluster, tell, "before it is killed")
    m.kill()
    tell(others[0], "while it is dead")
    # It starts without any room: reads what it has, says what it lacks.
    m.start()
    cluster.wait_until(lambda: cluster.answers(m), "it answers without any room")
    cluster.wait_until(lambda: m.status()["disk"] == "full", "it notices again")
    assert m.show(question)["items"] > 0
    cluster.make_room()
    cluster.wait_until(lambda: m.status()["disk"] == "room", "it finds the room")
    cluster.settle()
    shown = m.show(question)["items"]
    assert shown == len(told), f"{shown} of {len(told)} items are there"


def start_without_a_ledger(cluster):
    """Nothing to begin with and no room to begin in: it says so and stops; with its ledger back it goes on."""
    m = cluster.members[0]
    m.kill()
    aside = os.path.join(cluster.directory, "aside")
    os.mkdir(aside)
    for path in glob.glob(os.path.join(m.directory, "ledger.db*")):
        shutil.move(path, aside)
    cluster.fill(0)
    open(cluster.log, "w").close()
    m.start()
    cluster.wait_until(lambda: m.process.poll() is not None, "it does not start")
    assert m.process.returncode == 1 and cluster.said("no room on the disk"), m.process.returncode
    cluster.make_room()
    for path in glob.glob(os.path.join(m.directory, "ledger.db*")):
        os.remove(path)
    for path in glob.glob(os.path.join(aside, "*")):
        shutil.move(path, m.directory)
    m.kill()
    m.start()
    cluster.wait_until(lambda: cluster.answers(m), "it answers again")


def main():
    if os.geteuid() != 0 and "CREDIMUS_UNSHARED" not in os.environ and shutil.which("unshare"):
        # An ordinary user may mount inside a namespace of its own, where the system allows those.
        if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0:
            os.environ["CREDIMUS_UNSHARED"] = "yes"
            os.execvp("unshare", ["unshare", "-rm", sys.executable, *sys.argv])
    with SmallDisk(4) as cluster:
        m, others = cluster.members[0], cluster.members[1:]
        question = others[0].ask(title="Is the disk large enough?", hypotheses=["yes", "no"], mode="pool", cap=1000, decide_at=10000)
        cluster.wait_until(lambda: all(each.show(question) for each in cluster.members), "every member knows the question")
        told = []

        def tell(member, name):
            member.post("/v1/evidence", {"question": question, "observation": name, "llr": "0.25"})
            told.append(name)

        tell(m, "while there is room")
        # Little is left: no evidence is taken here any more, and that is all that changes.
        cluster.fill(LOW_BYTES // 2)
        item = {"question": question, "observation": "too late", "llr": "0.25"}
        time.sleep(1.5)  # the room is looked at once a second
        refused = refusal(m, item)
        assert refused is not None and refused.code == 507 and "DISK_FULL" in refused.body, refused
        assert m.status()["disk"] == "low" and metric(m, "disk_low") == 1 and metric(m, "disk_full") == 0
        height = m.status()["height"]
        tell(others[0], "told to another member")
        cluster.wait_until(lambda: m.show(question)["items"] == len(told), "the member with little room executes what others tell")
        assert m.status()["height"] > height
        assert refusal(m, item).code == 507
        # It still votes: without the fourth member its vote is needed.
        others[2].kill()
        height = others[0].status()["height"]
        tell(others[1], "with three members")
        cluster.wait_until(lambda: others[0].status()["height"] > height, "three go on, one of them with little room")
        others[2].start()
        # Room returns, without a restart.
        cluster.make_room()
        cluster.wait_until(lambda: refusal(m, item) is None, "evidence is taken again")
        told.append("too late")
        cluster.settle()
        assert m.status()["disk"] == "room" and metric(m, "disk_low") == 0
        stand_still(cluster, question, told, tell)
        kill_while_it_waits(cluster, question, told, tell)
        start_without_a_ledger(cluster)
        tell(m, "after all")
        cluster.settle()
        assert all(each.show(question)["items"] == len(told) for each in cluster.members)
        print(f"{len(told)} items, all there, after a low and a full disk")


main()
