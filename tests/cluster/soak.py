"""A group under load for M minutes, with a random mixture of what networks, machines and people do to it, one or two things at a time. After
each the group has to recover: every member catches up with the newest height. All the time every answer of every member is judged
(story.py), and so are its memory and its descriptors: after a warm-up neither may grow beyond the bounds below. The end is that of the
cluster tests: one certified root, nothing acknowledged lost, certificates that verify offline.

usage: soak.py MINUTES [SEED]

The exit code is 0 only if all of that held, 2 for wrong arguments; 77 where the machine has no namespaces. Real processes repeat a seed only roughly: its plan, not
its timing."""
import collections
import os
import random
import signal
import sys
import threading
import time

import network
from clocks import Clocks, library
from cluster import Refused
from roster import in_epoch, key_of, next_key, nothing_waits, post_change
from story import NO_ANSWER, Story

MEMBERS = 5
# Never killed or restarted, so that two processes live as long as the run.
ELDERS = [0, 1]
QUESTION_S = 20
QUESTIONS_KEPT = 3
# A life of a process counts once it is as old as this; what it has then it may keep.
WARM_UP_S = 120
# SQLite keeps pages of the ledger up to cache_size (src/ledger/ledger.c), so memory may grow with each height until that is full, which takes
# an hour or so. What comes to it are pools and tables of fixed sizes that are touched for the first time.
LEDGER_CACHE_BYTES = 128 << 20
GROWTH_RSS_BYTES_A_HEIGHT = 8 << 10
GROWTH_RSS_BYTES = 24 << 20
GROWTH_DESCRIPTORS = 8


class Resources:
    """Memory and descriptors of each life of each process, looked at every second."""

    def __init__(self, members, watch):
        self.members, self.watch = members, watch
        self.lives = collections.defaultdict(list)  # (member, pid): [(age_s, rss_bytes, descriptors, height)]
        self.began = {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.stopping.wait(1):
            for member in self.members:
                process = member.process
                if process is None:
                    continue
                try:
                    life = (member.number, process.pid)
                    with open(f"/proc/{process.pid}/statm") as statm:
                        rss_bytes = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                    age_s = time.monotonic() - self.began.setdefault(life, time.monotonic())
                    descriptors = len(os.listdir(f"/proc/{process.pid}/fd"))
                    self.lives[life].append((age_s, rss_bytes, descriptors, self.watch.height))
                except OSError:
                    pass

    @staticmethod
    def typical(samples, column):
        """The median: one burst is no growth."""
        values = sorted(sample[column] for sample in samples)
        return values[len(values) // 2]

    def stop(self):
        self.stopping.set()
        self.thread.join()

    def report(self):
        """Prints each member's longest life, and returns what grew too much in any."""
        grown = []
        for number in range(len(self.members)):
            lives = [samples for (member, _), samples in self.lives.items() if member == number]
            longest = max(lives, key=lambda samples: samples[-1][0])
            print(f"m{number}: {len(lives)} lives, the longest {longest[-1][0]:.0f} s; {self.line(longest)}", flush=True)
            for samples in lives:
                grown += [f"m{number}: {what}" for what in self.judge(samples)]
        return grown

    def ends(self, samples):
        """After the warm-up and at the end, a quarter of what is between each; None for a life that was too short."""
        warm = [s for s in samples if s[0] >= WARM_UP_S]
        quarter = len(warm) // 4
        return (warm[:quarter], warm[-quarter:]) if quarter >= 10 else None

    def line(self, samples):
        ends = self.ends(samples)
        if ends is None:
            return f"too short to judge growth, {self.typical(samples, 1) >> 20} MiB, {self.typical(samples, 2)} descriptors"
        rss, descriptors, heights = ([self.typical(end, column) for end in ends] for column in (1, 2, 3))
        return (f"memory {rss[0] / 2**20:.1f} MiB after warm-up, {rss[1] / 2**20:.1f} MiB {heights[1] - heights[0]} heights later; "
                f"descriptors {descriptors[0]} and {descriptors[1]}, at most {max(s[2] for s in samples)}")

    def judge(self, samples):
        ends = self.ends(samples)
        if ends is None:
            return
        rss, descriptors, heights = ([self.typical(end, column) for end in ends] for column in (1, 2, 3))
        allowed = GROWTH_RSS_BYTES + min(LEDGER_CACHE_BYTES, (heights[1] - heights[0]) * GROWTH_RSS_BYTES_A_HEIGHT)
        if rss[1] - rss[0] > allowed:
            yield f"its memory grew by {(rss[1] - rss[0]) / 2**20:.1f} MiB, allowed are {allowed / 2**20:.1f}"
        if descriptors[1] - descriptors[0] > GROWTH_DESCRIPTORS:
            yield f"its descriptors grew from {descriptors[0]} to {descriptors[1]}"


class Soak:
    def __init__(self, story, chance, clocks):
        self.story, self.chance, self.clocks = story, chance, clocks
        self.cluster, self.net, self.members = story.cluster, story.network, story.members
        self.recoveries, self.counts = [], collections.Counter()
        self.open, self.asked = [(0, story.question)], 0
        self.small = self.members[-1]

    # What may happen. Each begins it, and returns what ends it.

    def some(self, least, most, among=None):
        among = list(range(MEMBERS)) if among is None else among
        return sorted(self.chance.sample(among, self.chance.randint(least, min(most, len(among)))))

    def pairs(self):
        return [(a, b) for a in range(MEMBERS) for b in range(MEMBERS) if a != b]

    def split(self):
        ones = self.some(1, 2)
        self.net.split(ones, set(range(MEMBERS)) - set(ones))
        return self.net.heal

    def one_way(self):
        mute = self.chance.randrange(MEMBERS)
        self.net.shape(self.net.DROP, [(a, b) for a, b in self.pairs() if a == mute])
        return self.net.heal

    def bridge(self):
        order = self.some(MEMBERS, MEMBERS)
        self.chance.shuffle(order)
        self.net.split(order[:3], order[2:], joined=[order[2]])
        return self.net.heal

    def leader_cut(self):
        status = self.members[0].status()
        self.net.isolate((status["view"] + status["epoch"]) % MEMBERS)
        return self.net.heal

    def loss(self):
        self.net.shape(self.net.loss(self.chance.uniform(2, 20)), self.pairs())
        return self.net.heal

    def narrow(self):
        self.net.shape(self.net.rate(self.chance.randint(40, 400)), self.pairs())
        return self.net.heal

    def flapping(self):
        over, ones = threading.Event(), self.some(1, 2)

        def flap():
            while not over.is_set():
                self.net.split(ones, set(range(MEMBERS)) - set(ones))
                over.wait(2)
                self.net.heal()
                over.wait(2)
        thread = threading.Thread(target=flap)
        thread.start()

        def end():
            over.set()
            thread.join()
            self.net.heal()
        return end

    def slow(self):
        one, delay_ms = self.chance.randrange(MEMBERS), self.chance.uniform(50, 400)
        others = [m for m in range(MEMBERS) if m != one]
        for other in others:
            self.cluster.delay(one, other, delay_ms, delay_ms / 4)
        return lambda: [self.cluster.delay(one, other, 0) for other in others]

    def stopped(self):
        victims = [self.members[m] for m in self.some(1, 2)]
        for victim in victims:
            victim.process.send_signal(signal.SIGSTOP)
        return lambda: [victim.process.send_signal(signal.SIGCONT) for victim in victims]

    def killed(self):
        victims = [self.members[m] for m in self.some(1, MEMBERS - len(ELDERS), [m for m in range(MEMBERS) if m not in ELDERS])]
        for victim in victims:
            victim.kill()
        return lambda: [victim.start() for victim in victims]

    def restarted(self):
        """In good order, and with another version where there is one."""
        one = self.members[self.chance.choice([m for m in range(MEMBERS) if m not in ELDERS])]
        one.process.terminate()
        assert one.process.wait(60) == 0, f"m{one.number} did not stop in good order"
        one.kill()
        versions = [self.cluster.binary, os.environ.get("CREDIMUS_NEXT") or self.cluster.binary]
        self.cluster.binaries[one.number] = self.chance.choice(versions)
        return one.start

    def disk_full(self):
        network.fill(self.small.directory)
        return lambda: os.remove(os.path.join(self.small.directory, "ballast"))

    def clock(self):
        """Seconds, not an hour as in test_net_clock.py: they pass by themselves."""
        one = self.members[self.chance.randrange(MEMBERS)]
        self.clocks.set(one, self.chance.choice([-3600, -10, 5, 10]))
        return lambda: self.clocks.set(one, 0)

    def key_changed(self):
        """Everybody proposes it before anything else happens; what then happens comes in the midst of it."""
        return self.another_key(self.members[self.chance.randrange(MEMBERS)])

    def another_key(self, one):
        fresh, epoch = next_key(self.cluster, one), one.status()["epoch"]
        for member in (m for m in self.members if not m.status()["lane_closed"]):
            post_change(member, {"change": "key", "member": f"m{one.number}", "key": fresh, "epoch": epoch})

        def end():
            self.all_answer("another key")
            in_epoch(self.cluster, self.members, epoch + 1)
            self.story.wait("it has its other key", lambda: key_of(self.cluster, one) == fresh)
        return end

    def ledger_lost(self):
        """All of it but its key. It asks the others before it votes, and takes evidence again under another key."""
        one = self.members[self.chance.choice([m for m in range(MEMBERS) if m not in ELDERS])]
        self.story.send_clients_away(one)
        self.story.wait("its lane is committed", lambda: nothing_waits(one))
        one.kill()
        for name in os.listdir(one.directory):
            if name.startswith("ledger.db"):
                os.remove(os.path.join(one.directory, name))

        def end():
            elder = self.members[ELDERS[0]]
            token = os.path.join(elder.directory, "token")
            self.cluster.run("member", "learn", one.directory, "--url", f"http://{elder.config['api']}", "--token", token)
            one.start()
            self.all_answer("a lost ledger")
            self.story.wait("it has heard what it forgot", lambda: one.status()["height"] >= self.members[0].status()["height"] - 3)
            self.another_key(one)()
            self.story.let_clients_return()
        return end

    def of_the_network(self):
        return [self.split, self.one_way, self.bridge, self.leader_cut, self.loss, self.narrow, self.flapping, self.slow]

    def of_the_machines(self):
        return [self.stopped, self.killed, self.restarted, self.disk_full] + ([self.clock] if self.clocks else [])

    def of_the_people(self):
        return [self.key_changed, self.ledger_lost]

    # One turn: something happens, lasts, ends; then all have to catch up.

    def turn(self):
        network_one, machine_one = self.chance.choice(self.of_the_network()), self.chance.choice(self.of_the_machines())
        people_one = self.chance.choice(self.of_the_people())
        # What people do begins first and ends last: it takes members that answer.
        events = self.chance.choice([[network_one], [machine_one], [network_one, machine_one], [people_one], [people_one, network_one],
                                     [self.key_changed, machine_one]])
        names = " + ".join(event.__name__ for event in events)
        lasts_s = self.chance.uniform(3, 12)
        ends = [event() for event in events]
        time.sleep(lasts_s)
        for end in reversed(ends):
            end()
        took_s = self.recover(names)
        self.counts.update(event.__name__ for event in events)
        self.recoveries.append((took_s, names))
        print(f"  {names}: {lasts_s:.0f} s, recovered in {took_s:.1f} s, height {max(self.story.heights(self.members))}", flush=True)
        self.questions()

    @staticmethod
    def lives(member, names):
        assert member.process.poll() is None, f"after {names}: m{member.number} ended with {member.process.returncode}"
        return True

    def all_answer(self, names):
        self.story.wait(f"after {names}: all answer", lambda: all(self.lives(m, names) and self.cluster.answers(m) for m in self.members), 300)

    def recover(self, names):
        healed_at = time.monotonic()
        self.all_answer(names)
        self.story.wait(f"after {names}: all find room", lambda: all(m.status()["disk"] != "full" for m in self.members), 300)
        self.story.goes_on(self.members, 3)
        for member in self.members:
            self.lives(member, names)
        return time.monotonic() - healed_at

    def questions(self):
        """New ones are asked and old ones closed, so that what is open stays about the same."""
        if time.monotonic() - self.asked < QUESTION_S:
            return
        asker = self.chance.randrange(MEMBERS)
        try:
            question = self.members[asker].ask(title=f"Is it round {len(self.recoveries)}?", hypotheses=["yes", "no"], mode="pool", cap=10000,
                                               decide_at=40000)
            self.open.append((asker, question))
            self.story.load.question = question
            self.asked = time.monotonic()
            if len(self.open) > QUESTIONS_KEPT:
                owner, oldest = self.open[0]
                self.members[owner].post("/v1/close?ack=committed", {"question": oldest})
                self.open.pop(0)
        except (Refused, *NO_ANSWER) as why:
            print(f"  no new question: {why}", flush=True)


def prepare(cluster, clocks, minutes):
    small = cluster.members[-1]
    cluster.small_disk(small, (256 << 20) + round(minutes * (32 << 20)))
    os.symlink(os.path.join(cluster.directory, f"m{small.number}.log"), os.path.join(small.directory, "log"))
    if clocks is not None:
        clocks.prepare(cluster)


def arguments():
    try:
        if len(sys.argv) not in (2, 3):
            raise ValueError("one or two arguments")
        minutes = float(sys.argv[1])
        if not 0 < minutes <= 10000:
            raise ValueError(f"{sys.argv[1]} minutes: above 0 and at most 10000")
        return minutes, int(sys.argv[2]) if len(sys.argv) == 3 else random.randrange(1 << 32)
    except ValueError as wrong:
        print(f"soak: {wrong}\n\n{__doc__}", file=sys.stderr)
        sys.exit(2)


def main():
    minutes, seed = arguments()
    preload = library()
    clocks = Clocks(preload) if preload else None
    print(f"soak: {MEMBERS} members, {minutes:g} minutes, seed {seed}"
          f"{'' if clocks else '; clocks are left alone, libfaketime is missing (package libfaketime)'}", flush=True)
    end = time.monotonic() + 60 * minutes
    with Story("soak", MEMBERS, delays=True, before=lambda cluster: prepare(cluster, clocks, minutes)) as story:
        resources = Resources(story.members, story.watch)
        soak = Soak(story, random.Random(seed), clocks)
        while time.monotonic() < end:
            soak.turn()
            assert not story.watch.broken, story.watch.broken[:20]
        resources.stop()
        grown = resources.report()
        took = sorted(took_s for took_s, _ in soak.recoveries)
        story.heal()
        story.figure(f"{len(took)} turns ({', '.join(f'{n} {name}' for name, n in sorted(soak.counts.items()))})")
        story.figure(f"recovered in {took[len(took) // 2]:.1f} s (median), at most {took[-1]:.1f} s (after {max(soak.recoveries)[1]})")
        story.question = soak.open[-1][1]
        story.counted = False
        story.finish()
        assert not grown, "growth beyond the bounds:\n  " + "\n  ".join(grown)


if __name__ == "__main__":
    arguments()
    network.enter()
    main()
