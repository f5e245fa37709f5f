"""What the tests of network and machine faults have in common: evidence that never pauses, a watcher that judges every answer of every
member, and the end that each of them comes to. A test is a Story: it breaks things, mends them, and calls `finish`."""
import collections
import http.client
import json
import os
import threading
import time

from cluster import Refused
from network import NetCluster

BASE_THRESHOLD = "3/4"
NO_ANSWER = (OSError, http.client.HTTPException)
LEVELS = ["connected", "degraded", "major", "severe"]
HEAL_WINDOW_S = 30
# Between two items of a client: enough for blocks in every round, and little enough for two processors.
PAUSE_S = 0.1
# Then it leaves and the next one comes: connections are made and ended all the time.
REQUESTS_OF_A_CLIENT = 20


def renewed(connection, number, is_paused):
    """The connection, or None when it is time for a new one."""
    if connection is not None and (is_paused or number % REQUESTS_OF_A_CLIENT == 0):
        connection.close()
        return None
    return connection


class Load:
    """Evidence for one question at a time, told to each member by a client of its own. An item counts as acknowledged when its answer was
    2xx, as refused when it was not, and as unknown when there was none: it may or may not come to be. Items are (question, name)."""

    def __init__(self, cluster, question, pause_s=PAUSE_S, label="e"):
        self.cluster, self.question, self.pause_s, self.label = cluster, question, pause_s, label
        self.acknowledged = [[] for _ in cluster.members]
        self.unknown = [[] for _ in cluster.members]
        self.refused = collections.Counter()
        self.paused = set()  # members whose clients went away for a while
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.tell_to, args=(m,), daemon=True) for m in cluster.members]
        for thread in self.threads:
            thread.start()

    def tell_to(self, member):
        connection, number = None, 0
        while not self.stopping.is_set():
            name = f"{self.label}{number}"
            number += 1
            connection = renewed(connection, number, member.number in self.paused)
            if member.number in self.paused:
                self.stopping.wait(self.pause_s)
                continue
            question = self.question
            try:
                connection = connection or member.connection(timeout=5)
                member.post("/v1/evidence", {"question": question, "observation": name, "llr": "0.001"}, connection=connection)
                self.acknowledged[member.number].append((question, name))
            except Refused as refused:
                self.refused[f"{refused.code} {json.loads(refused.body)['error']}"] += 1
            except NO_ANSWER:
                self.unknown[member.number].append((question, name))
                connection.close()
                connection = None
            self.stopping.wait(self.pause_s)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs"

    def count(self):
        return sum(map(len, self.acknowledged))


class Watch:
    """Asks every member where it stands, all the time, and remembers what must not be: two roots at one height, a threshold below the base,
    an accusation among honest members, a certificate beyond what is executed, a level that falls within the heal window."""

    def __init__(self, cluster, pause_s=0.2):
        self.cluster, self.pause_s = cluster, pause_s
        self.roots, self.height, self.broken = {}, 0, []
        self.levels = [[] for _ in cluster.members]  # at each change: (when the one before was seen last, level)
        self.seen_at = [0.0 for _ in cluster.members]
        self.processes = [None for _ in cluster.members]
        self.paused = set()
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.watch, args=(m,), daemon=True) for m in cluster.members]
        for thread in self.threads:
            thread.start()

    def watch(self, member):
        connection, number = None, 0
        while not self.stopping.is_set():
            number += 1
            connection = renewed(connection, number, member.number in self.paused)
            if member.number in self.paused:
                self.stopping.wait(self.pause_s)
                continue
            try:
                process = member.process
                connection = connection or member.connection(timeout=5)
                status = member.request("GET", "/v1/status", connection=connection)
                with self.lock:
                    if member.process is process:
                        self.judge(member, process, status)
            except (*NO_ANSWER, Refused):
                if connection is not None:
                    connection.close()
                connection = None
            self.stopping.wait(self.pause_s)

    def complain(self, member, what):
        self.broken.append(f"m{member.number}: {what}")

    def judge(self, member, process, status):
        height, root = status["height"], status["root"]
        self.height = max(self.height, height)
        if self.roots.setdefault(height, root) != root:
            self.complain(member, f"another root at height {height}")
        if status["diverged"]:
            self.complain(member, "it says that it diverged")
        if status["final_height"] > height:
            self.complain(member, f"certified {status['final_height']} above its height {height}")
        # Raised when more than n - q members say that they see a partition, and only then.
        if status["threshold"] != ("9/10" if status["apart"] > len(self.cluster.members) // 4 else BASE_THRESHOLD):
            self.complain(member, f"threshold {status['threshold']} while {status['apart']} members say that they see a partition")
        if any(m["proofs"] for m in status["misbehaviour"]):
            self.complain(member, f"it has a proof against an honest member: {status['misbehaviour']}")
        self.judge_level(member, process, status["level"])

    def judge_level(self, member, process, level):
        """Only falls of one life of a process count: what was before a restart stands in its lane. Whatever the level rose to has to stay for the
        heal window; what it falls to on its way down need not."""
        levels, before, now = self.levels[member.number], self.seen_at[member.number], time.monotonic()
        self.seen_at[member.number] = now
        if self.processes[member.number] is not process:
            self.processes[member.number] = process
            levels.clear()
        if levels and levels[-1][1] == level:
            return
        if len(levels) > 1 and LEVELS.index(level) < LEVELS.index(levels[-1][1]) > LEVELS.index(levels[-2][1]):
            stood_s = now - levels[-1][0]  # at most
            if stood_s < HEAL_WINDOW_S:
                self.complain(member, f"its level fell from {levels[-1][1]} to {level} after {stood_s:.1f} s")
        levels.append((before, level))

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        assert not self.broken, "broken invariants:\n  " + "\n  ".join(self.broken[:20])


class Story:
    """Opens with a question that takes all the evidence, and one whose verdict falls in the midst of the trouble."""

    def __init__(self, title, members, asker=0, before=None, **more):
        self.title, self.asker = title, asker
        self.cluster = NetCluster(members, **more)
        self.before = before  # changes the cluster before anybody runs
        self.figures = []
        self.counted = True  # every item is for one question that is still open at the end
        self.late = set()  # members whose ledgers begin with a snapshot

    def __enter__(self):
        if self.before is not None:
            self.before(self.cluster)
        self.cluster.__enter__()
        try:
            self.open()
        except BaseException as error:
            self.cluster.__exit__(type(error), error, None)
            raise
        return self

    def open(self):
        self.members, self.network = self.cluster.members, self.cluster.network
        asker = self.members[self.asker]
        self.question = asker.ask(title="Does it all arrive?", hypotheses=["yes", "no"], mode="pool", cap=10000, decide_at=40000)
        self.verdict = asker.ask(title="Is it final?", hypotheses=["yes", "no"], mode="pool", cap=1000, decide_at=10000)
        self.wait("everybody is heard by everybody", lambda: all(self.all_up(m) for m in self.members))
        self.wait("both questions are final", lambda: all(self.final_of(m, q) for m in self.members for q in (self.question, self.verdict)))
        self.watch = Watch(self.cluster)
        self.load = Load(self.cluster, self.question)

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print(f"{self.title}: {'ended early' if kind is SystemExit else 'failed'}", flush=True)
            self.load.stopping.set()
            self.watch.stopping.set()
        self.cluster.__exit__(kind, value, trace)

    def wait(self, what, condition, seconds=240):
        self.cluster.wait_until(condition, f"{self.title}: {what}", seconds)

    def all_up(self, member):
        return all(p["link"] for p in member.status()["peers"] if p["member"] != member.number)

    @staticmethod
    def final_of(member, question):
        try:
            return member.show(question, "final")
        except Refused as refused:
            assert refused.code in (503, 404), refused
            return None

    def verdict_is_final(self):
        """Everywhere: a member that has not heard of the verdict yet still has a final answer, the one before."""
        shown = [self.final_of(m, self.verdict) for m in self.members]
        return all(belief and belief["status"] != "open" for belief in shown)

    def refusal_of(self, member, question):
        """Why the member has no final answer. Fails when it has one."""
        try:
            shown = member.show(question, "final")
        except Refused as refused:
            assert refused.code == 503, refused
            return json.loads(refused.body)
        raise AssertionError(f"final at m{member.number}: {shown}")

    def send_clients_away(self, member):
        self.load.paused.add(member.number)
        self.watch.paused.add(member.number)

    def let_clients_return(self):
        self.load.paused.clear()
        self.watch.paused.clear()

    def figure(self, text):
        self.figures.append(text)

    def heights(self, members):
        return [m.status()["height"] for m in members]

    def goes_on(self, members, blocks=5):
        """All of them execute so many blocks more."""
        goal = max(self.heights(members)) + blocks
        self.wait(f"{[m.number for m in members]} go on", lambda: min(self.heights(members)) >= goal)

    def level_is(self, members, level):
        self.wait(f"{[m.number for m in members]} stand at {level}", lambda: all(m.status()["level"] == level for m in members))

    def raised_at(self, members):
        self.wait("the raised threshold is in the state", lambda: all(m.status()["threshold"] == "9/10" for m in members))

    def close_verdict(self):
        """The verdict falls now. It takes a quorum."""
        self.members[self.asker].post("/v1/close?ack=committed", {"question": self.verdict})
        self.closed_at = time.monotonic()

    def final_verdict(self):
        if not hasattr(self, "final_at"):
            self.wait("the verdict is final everywhere", self.verdict_is_final)
            self.final_at = time.monotonic()
            self.figure(f"the verdict was provisional for {self.final_at - self.closed_at:.1f} s")

    def heal(self):
        """All is well again from now on, as far as the test can make it so."""
        self.network.heal()
        self.healed_at = time.monotonic()

    def finish(self, verdict=True):
        """The end of every story: no more evidence, and everything that was accepted is final everywhere, once, in one history."""
        self.load.stop()
        if verdict and not hasattr(self, "closed_at"):
            self.close_verdict()
        if verdict:
            self.final_verdict()
        root = self.cluster.settle()
        if hasattr(self, "healed_at"):
            self.figure(f"one certified root {time.monotonic() - self.healed_at:.1f} s after the heal")
        self.watch.stop()
        self.check_items()
        self.check_certificates([self.question, self.verdict] if verdict else [self.question])
        self.stop_all()
        self.check_ledgers()
        refused = "".join(f", {count} refused as {why}" for why, count in sorted(self.load.refused.items()))
        unknown = sum(map(len, self.load.unknown))
        print(f"{self.title}: {self.load.count()} items acknowledged, all there{refused}"
              f"{f', {unknown} without an answer' if unknown else ''}; {'; '.join(self.figures)}; root {root[:16]}", flush=True)

    def check_items(self):
        acknowledged, unknown = self.load.count(), sum(map(len, self.load.unknown))
        shown = {m.show(self.question, "final")["items"] for m in self.members}
        local = {m.show(self.question, "local")["items"] for m in self.members}
        assert len(shown) == 1, f"the members count differently: {shown}"
        assert local == shown, f"something is left uncommitted: {local}"
        if not self.counted:
            return  # check_ledgers looks for each item
        count = shown.pop()
        assert acknowledged <= count <= acknowledged + unknown, f"{count} items; {acknowledged} acknowledged, {unknown} unknown"

    def check_certificates(self, questions):
        """Of the first and the last member, judged offline: enough have signed, and never at less than the threshold of the genesis."""
        for question in questions:
            for member in (self.members[0], self.members[-1]):
                path = os.path.join(self.cluster.directory, f"{question[:16]}.m{member.number}.cert")
                self.cluster.run("certificate", member.directory, question, "-o", path)
                said = json.loads(self.cluster.run("verify", path, "--genesis", self.cluster.genesis, "--json"))
                assert said["ok"] and said["question"] == question, said
                numerator, denominator = map(int, said["threshold"].split("/"))
                assert len(said["signers"]) * denominator >= len(self.members) * numerator, said
                assert numerator * 4 >= 3 * denominator, said

    def stop_all(self):
        for member in self.members:
            member.process.terminate()
        for member in self.members:
            assert member.process.wait(60) == 0, f"m{member.number} ended with {member.process.returncode}"
            member.kill()

    def check_ledgers(self):
        """Every acknowledged item stands in the executed log of every member that has all of it, and every byte of it matches its hash or signature."""
        for member in self.members:
            self.cluster.run("log", member.directory, "--check")
            if member.number in self.late:
                continue
            for teller in self.members:
                lines = self.cluster.run("log", member.directory, "--json", "--member", str(teller.number)).splitlines()
                batches = [b for line in lines for b in json.loads(line)["batches"]]
                told = [(i["question"], i["observation"]) for b in batches for i in b["items"] if i["kind"] == "tell"]
                lost = set(self.load.acknowledged[teller.number]) - set(told)
                assert not lost, f"m{member.number} lost {len(lost)} acknowledged items of m{teller.number}, such as {sorted(lost)[:3]}"
                assert len(told) == len(set(told)), f"m{member.number} executed an item of m{teller.number} twice"


def tell_all(stories):
    """Runs one story after the other."""
    for story in stories:
        story()
