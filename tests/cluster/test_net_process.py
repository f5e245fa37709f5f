"""What happens to a process and its machine: slow wires, a process that stands still, kill -9 in all combinations, no descriptors left, a full
disk. Evidence never pauses, and nothing that was acknowledged is lost."""
import os
import random
import signal
import sys
import time

import network
from network import LONG, call
from story import Story, tell_all

DISK_BYTES = 160 << 20

def slow_member():
    with Story("slow member (300 ms +- 100 each way, 128 kB/s)", 4, delays=True) as story:
        for other in range(3):
            story.cluster.delay(other, 3, 300, 100)
        story.network.shape(story.network.rate(128), story.network.between([3], range(3)))
        story.goes_on(story.members, 40)
        # Slow is not away: a heartbeat comes late, but it comes.
        assert all(m.status()["level"] == "connected" for m in story.members)
        story.close_verdict()
        story.final_verdict()
        for other in range(3):
            story.cluster.delay(other, 3, 0)
        story.heal()
        story.finish()


def send(member, number):
    member.process.send_signal(number)


def stopped_and_continued():
    with Story("SIGSTOP and SIGCONT, of one and of two", 4) as story:
        *others, one = story.members
        send(one, signal.SIGSTOP)
        story.level_is(others, "major")
        story.close_verdict()
        story.goes_on(others, 15)
        # Without a quorum nothing moves, and nothing is lost.
        send(others[2], signal.SIGSTOP)
        story.level_is(others[:2], "severe")
        time.sleep(1)
        stood = story.heights(others[:2])
        time.sleep(2)
        assert story.heights(others[:2]) == stood, "two of four went on"
        send(others[2], signal.SIGCONT)
        story.goes_on(others, 5)
        send(one, signal.SIGCONT)
        story.heal()
        story.finish()


def kill_storm():
    rounds = 12 if LONG else 4
    chance = random.Random(SEED)
    with Story(f"kill -9 storm (seed {SEED})", 4) as story:
        for _ in range(rounds):
            victims = chance.sample(story.members, chance.randint(1, 4))
            for victim in victims:
                victim.kill()
            time.sleep(chance.uniform(0, 1.5))
            for victim in victims:
                victim.start()
                time.sleep(chance.uniform(0, 0.3))
            story.wait("all answer again", lambda: all(story.cluster.answers(m) for m in story.members))
            time.sleep(chance.uniform(0, 1.5))
        story.heal()
        story.goes_on(story.members)
        story.figure(f"{rounds} rounds")
        story.finish()


def descriptors(member):
    return len(os.listdir(f"/proc/{member.process.pid}/fd"))


def no_descriptors_left():
    """More clients than it can take, and a member that comes back and wants a link. When it may open files again it takes both."""
    with Story("no descriptors left", 4) as story:
        *others, poor = story.members
        usual = os.sysconf("SC_OPEN_MAX")
        call("prlimit", "--pid", str(poor.process.pid), f"--nofile={descriptors(poor)}:{usual}")
        idle = [poor.connection(timeout=2) for _ in range(20)]
        for connection in idle:
            connection.connect()  # the system does it; whether the member takes it is another matter
        others[0].kill()
        others[0].start()
        story.wait("the others answer", lambda: all(story.cluster.answers(m) for m in others))
        story.goes_on(others, 10)
        assert poor.process.poll() is None
        # Everybody leaves, and then there is room: the first to come after that must be let in.
        story.send_clients_away(poor)
        for connection in idle:
            connection.close()
        time.sleep(1)
        call("prlimit", "--pid", str(poor.process.pid), f"--nofile={usual}:{usual}")
        story.heal()
        story.wait("it answers again", lambda: story.cluster.answers(poor))
        story.let_clients_return()
        story.goes_on(story.members)
        story.finish()


def disk_full():
    def small(cluster):
        member = cluster.members[3]
        cluster.small_disk(member, DISK_BYTES)
        # What it says must have room.
        os.symlink(os.path.join(cluster.directory, "m3.log"), os.path.join(member.directory, "log"))

    with Story("disk full, within a split", 4, before=small) as story:
        *others, full = story.members
        network.fill(full.directory)
        story.wait("it notices", lambda: full.status()["disk"] == "full")
        story.goes_on(others, 10)
        # Full and cut off at once: it comes back to a network that went on, and still has no room.
        story.network.isolate(3)
        story.level_is(others, "major")
        story.close_verdict()
        story.goes_on(others, 10)
        story.network.heal()
        story.goes_on(others, 10)
        assert full.process.poll() is None and full.status()["disk"] == "full"
        # The one request that it had taken is answered when there is room, or given up; whoever comes then is refused.
        story.wait("a client of it hears of it", lambda: any(why.startswith("507") for why in story.load.refused) or story.load.unknown[3])
        os.remove(os.path.join(full.directory, "ballast"))
        story.heal()
        story.wait("it finds the room", lambda: full.status()["disk"] == "room")
        story.goes_on(story.members)
        story.finish()


network.enter()
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
tell_all([globals()[name] for name in sys.argv[1:]] or [
    slow_member, stopped_and_continued, kill_storm, no_descriptors_left, disk_full,
])
