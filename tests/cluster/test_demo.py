"""The demo tells its whole story, and leaves neither a process nor a directory: not when all is well, not when a member dies, not when it is interrupted."""
import atexit
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from cluster import Cluster

BINARY = os.environ.get("CREDIMUS") or os.path.join(os.getcwd(), "build", "credimus")
SECONDS = 500  # a watchdog against hanging


def children_of(process):
    """Numbers of the processes that it started and that still are."""
    with open(f"/proc/{process}/task/{process}/children") as file:
        return [int(number) for number in file.read().split()]


def is_there(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Demo:
    """A demo that runs, with a folder of its own for whatever it makes."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="credimus-test-demo-")
        self.process = subprocess.Popen([BINARY, "demo", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env={**os.environ, "TMPDIR": self.folder})
        self.said = ""
        self.started = []
        atexit.register(self.stop)

    def stop(self):
        """After a failure of the test: nothing may go on."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(SECONDS)

    def read_until(self, words):
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return
        raise AssertionError(f"it never said {words!r}:\n{self.said}")

    def end(self, expected):
        """Waits for its end; nothing may be left but what is kept."""
        self.said += self.process.communicate(timeout=SECONDS)[0]
        assert self.process.returncode == expected, f"exit {self.process.returncode}, not {expected}\n{self.said}"
        assert glob.glob(os.path.join(self.folder, "*")) == [], os.listdir(self.folder)
        assert not any(is_there(process) for process in self.started), self.started
        os.rmdir(self.folder)
        return self.said

    def note_children(self, count):
        self.started = children_of(self.process.pid)
        assert len(self.started) == count, self.started
        return self.started


def refused(*options, expect, words):
    done = subprocess.run([BINARY, "demo", *options], capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == expect and words in done.stderr, (options, done)


def check_story():
    said = Demo().end(0)
    for words in ("1. Eight members", "decided: malicious", "members would have to lie", "PROVEN  m0", "from 1 to 0", "provisional: decided",
                  "Missing: m0, m7.", "the verdict is final at all 8 members", "OK  Is 198.51.100.77", "REFUSED forged.cert", "7. What to try next"):
        assert words in said, f"{words!r} is missing in:\n{said}"
    assert "\033" not in said, "colours are for terminals"


def check_interrupted():
    """In three places: while the members start, while all run, while two of them are stopped, which no other signal but SIGKILL and SIGCONT reach."""
    for words, number in (("1. Eight", signal.SIGTERM), ("3. One of them", signal.SIGINT), ("level major", signal.SIGINT), ("level major", signal.SIGTERM)):
        demo = Demo()
        demo.read_until(words)
        if "level" in words:
            demo.note_children(8)
        demo.process.send_signal(number)
        assert "interrupted; nothing is left" in demo.end(128 + number)


def check_killed():
    """The kernel ends the members, the stopped ones too. The directory stays: nobody is left to remove it."""
    demo = Demo()
    demo.read_until("level major")
    started = demo.note_children(8)
    demo.process.kill()
    demo.process.communicate(timeout=SECONDS)
    Cluster.wait_until(lambda: not any(is_there(process) for process in started), "the members end with the demo")
    subprocess.run(["rm", "-r", demo.folder], check=True)


def check_member_lost():
    demo = Demo()
    demo.read_until("2. Two of them lie")
    os.kill(demo.note_children(8)[4], signal.SIGKILL)
    said = demo.end(1)
    # Whether its end is noticed, or that it does not answer, is a matter of when.
    assert re.search("m4 (ended in the middle of the story, by signal 9|does not answer)", said) and "7. What" not in said, said


def try_commands(said):
    """All that it proposes to try works, as it is printed; what needs members that run, when they run."""
    lines = said.split("7. What to try next")[1].splitlines()
    commands = [line.split("#")[0].split()[1:] for line in lines if line.startswith(f"    {BINARY} ")]
    assert len(commands) >= 5, said
    groups = []
    try:
        for words in commands:
            if words[0] == "testnet":
                groups.append(subprocess.Popen([BINARY, *words], stdout=subprocess.PIPE, text=True))
                while "are running" not in groups[0].stdout.readline():
                    assert groups[0].poll() is None, "testnet up ended"
                continue
            done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=SECONDS)
            assert done.returncode == 0, (words, done)
    finally:
        for group in groups:
            group.send_signal(signal.SIGINT)
            group.wait(SECONDS)
    assert all(group.stdout.read() == "stopped\n" and group.returncode == 0 for group in groups)


def check_kept():
    with tempfile.TemporaryDirectory() as folder:
        kept = os.path.join(folder, "kept")
        said = Demo("--keep", kept).end(0)
        try_commands(said)
        refused("--keep", kept, expect=1, words="name one that is not there yet")
        refused("--keep", os.path.join(folder, "no", "folder"), expect=1, words="No such file")
    refused("--keep", "", expect=2, words="is empty or too long")
    refused("--base-port", "70000", expect=2, words="--base-port")
    refused("extra", expect=2, words="credimus demo --help")


def check_web():
    demo = Demo("--web")
    demo.read_until("The page of m1: ")
    address = re.search(r"The page of m1: (\S+)", demo.said).group(1)
    port = int(address.rsplit(":", 1)[1].strip("/")) - 1001
    refused("--base-port", str(port), expect=1, words="are not all free")
    with urllib.request.urlopen(address, timeout=60) as page:
        assert page.status == 200 and b"<html" in page.read()
    try_commands(demo.said)
    demo.note_children(8)
    demo.process.send_signal(signal.SIGINT)
    demo.end(0)


def main():
    for check in (check_story, check_interrupted, check_killed, check_member_lost, check_kept, check_web):
        began = time.monotonic()
        check()
        print(f"{check.__name__}: as it should be, {time.monotonic() - began:.1f} s", flush=True)


sys.exit(main())
