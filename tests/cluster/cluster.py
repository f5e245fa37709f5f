"""A cluster of real members on this machine: what the cluster tests and the benchmarks share. Standard library only."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SKIPPED = 77  # what Meson takes for a skipped test


def free_base_port(members):
    """A base port P such that P .. P+members-1 and P+1000 .. are free right now."""
    for base in range(20000 + os.getpid() % 20000, 60000, 2 * members):
        try:
            for port in [base + i for i in range(members)] + [base + 1000 + i for i in range(members)]:
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    raise RuntimeError("no free ports")


class Refused(Exception):
    def __init__(self, code, body):
        super().__init__(f"{code} {body}")
        self.code = code
        self.body = body


def listing(directory, but=()):
    """What stands in a directory, but for these names."""
    found = {}
    for name in sorted(os.listdir(directory)):
        if name not in but:
            with open(os.path.join(directory, name), "rb") as file:
                found[name] = file.read()
    return found


class Member:
    def __init__(self, cluster, number):
        self.cluster = cluster
        self.number = number
        self.directory = os.path.join(cluster.directory, f"m{number}")
        with open(os.path.join(self.directory, "config.json")) as file:
            self.config = json.load(file)
        with open(os.path.join(self.directory, "token")) as file:
            self.token = file.read().strip()
        self.process = None
        self.log = None

    def configure(self, **changes):
        """What config.json says from now on; the member reads it at its next start, or with SIGHUP."""
        self.config.update(changes)
        with open(os.path.join(self.directory, "config.json"), "w") as file:
            json.dump(self.config, file, indent=2)

    def start(self, *options):
        self.log = open(os.path.join(self.directory, "log"), "ab")
        self.process = subprocess.Popen(self.cluster.command(self, *options), stderr=self.log, stdout=self.log,
                                        env=self.cluster.environment(self))

    def kill(self, number=signal.SIGKILL):
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None
            self.log.close()

    def connection(self, timeout=60):
        host, port = self.config["api"].rsplit(":", 1)
        return http.client.HTTPConnection(host, int(port), timeout=timeout)

    def request(self, method, path, body=None, token=True, kind="application/json", connection=None):
        own = connection is None
        connection = connection or self.connection()
        headers = {"Content-Type": kind}
        if token:
            headers["Authorization"] = f"Bearer {self.token if token is True else token}"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        try:
            connection.request(method, path, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the answer came before the whole body went: it says why
        response = connection.getresponse()
        data = response.read()
        if own:
            connection.close()
        if response.status >= 400:
            raise Refused(response.status, data.decode(errors="replace"))
        return json.loads(data) if "json" in response.getheader("Content-Type", "") else data

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body, **more):
        return self.request("POST", path, body, **more)

    def status(self):
        return self.get("/v1/status")

    def ask(self, **question):
        return self.post("/v1/questions", question)["question"]

    def tell_lines(self, items, ack="local"):
        lines = "\n".join(json.dumps(item) for item in items)
        return self.post(f"/v1/evidence?ack={ack}", lines, kind="application/x-ndjson")

    def show(self, question, read="committed"):
        return self.get(f"/v1/questions/{question}?read={read}")


class Cluster:
    def __init__(self, members, binary=None, vacant=0):
        self.binary = binary or os.environ.get("CREDIMUS") or os.path.join(os.getcwd(), "build", "credimus")
        self.directory = tempfile.mkdtemp(prefix="credimus-cluster-")
        self.failed = False
        self.run("testnet", "new", self.directory, "--members", str(members), "--vacant", str(vacant), "--base-port",
                 str(free_base_port(members + vacant)))
        self.members = [Member(self, i) for i in range(members)]
        self.genesis = os.path.join(self.directory, "genesis.json")

    def __enter__(self):
        for member in self.members:
            member.start()
        self.wait_until(lambda: all(self.answers(m) for m in self.members), "every member answers")
        return self

    def __exit__(self, kind, value, trace):
        for member in self.members:
            member.kill()
        if kind is not None:
            print(f"the members' directories are kept: {self.directory}", file=sys.stderr)
            for member in self.members:
                with open(os.path.join(member.directory, "log"), errors="replace") as log:
                    print(f"--- m{member.number}\n" + "".join(log.readlines()[-15:]), file=sys.stderr)
        else:
            shutil.rmtree(self.directory)

    def command(self, member, *options):
        """What starts a member. A cluster that puts members into places of their own says so here."""
        return [self.binary, "start", member.directory, *options]

    def environment(self, member):
        """Of a member's process; None: this one's."""
        return None

    def run(self, *arguments, expect=0, text=None):
        done = subprocess.run([self.binary, *arguments], capture_output=True, text=True, input=text, timeout=120)
        assert done.returncode == expect, f"{arguments}: exit {done.returncode}, not {expect}\n{done.stdout}{done.stderr}"
        return done.stdout if expect == 0 else done.stdout + done.stderr

    def refused(self, directory, words, *arguments, but=()):
        """A command that says no with these words, and changes nothing in the directory, but for these names."""
        before = listing(directory, but)
        said = self.run(*arguments, expect=1)
        assert words in said, f"{arguments}: {said}"
        assert listing(directory, but) == before, f"{arguments} changed something"

    def answers(self, member):
        try:
            return member.get("/healthz") is not None
        except (OSError, Refused, http.client.HTTPException):
            return False

    @staticmethod
    def wait_until(condition, what, seconds=120):
        """Waits for something to become true. The limit is a watchdog, never a claim about speed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except (OSError, Refused, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise AssertionError(f"waited {seconds} s in vain: {what}")

    def settle(self):
        """Waits until all members stand at one height with one root, and it is certified. Returns the root."""
        def same():
            seen = [m.status() for m in self.members]
            idle = all(lane["seq"] == lane["committed_seq"] for s in seen for lane in s["lanes"])
            return idle and len({(s["height"], s["root"]) for s in seen}) == 1 and all(s["final_height"] == s["height"] for s in seen)
        self.wait_until(same, "all members have the same certified root")
        return self.members[0].status()["root"]
