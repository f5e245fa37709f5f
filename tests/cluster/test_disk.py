"""The disk of a member fills up: it refuses evidence in good time and goes on otherwise, stops when nothing is left, and comes back."""
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


def refusal(member, body):
    """None when it was taken."""
    try:
        member.post("/v1/evidence", body)
        return None
    except Refused as refused:
        return refused


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
        # Nothing is left at all: the member stops and says why, the others go on.
        cluster.fill(0)
        for i in range(2000):
            if m.process.poll() is not None:
                break
            tell(others[i % 3], f"beyond the disk {i}")
        cluster.wait_until(lambda: m.process.poll() is not None, "the member without any room stops")
        with open(os.path.join(m.directory, "log")) as log:
            assert m.process.returncode == 1 and "no room on the disk" in log.read(), m.process.returncode
        tell(others[0], "without it")
        cluster.wait_until(lambda: others[1].show(question)["items"] == len(told), "the others go on")
        cluster.make_room()
        m.kill()
        m.start()
        cluster.wait_until(lambda: cluster.answers(m), "it answers again")
        cluster.settle()
        shown = m.show(question)
        assert shown["items"] == len(told), f"{shown['items']} of {len(told)} items are there"
        tell(m, "after all")
        cluster.settle()
        print(f"{len(told)} items, all there, after a low and a full disk")


main()
