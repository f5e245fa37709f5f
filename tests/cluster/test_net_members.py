"""Members change on hosts of their own, under load, while the network and the machines misbehave: a member that is cut off is removed, another host
takes its place with a key of its own and begins with a certified snapshot over slow wires, and a key is replaced while another member stands
still. Nobody else is restarted for any of it."""
import json
import os
import signal

import network
from roster import in_epoch, key_of, log_of, next_key, nothing_waits, post_change
from story import Story

MEMBERS, LEAVER, ROTATED, STOPPED = 5, 4, 2, 1
SNAPSHOT = 1024  # the height of the first one


def agree(story, proposers, **change):
    """A quorum proposes it; returns once the next epoch began for them."""
    epoch = proposers[0].status()["epoch"]
    for member in proposers:
        post_change(member, {**change, "epoch": epoch})
    in_epoch(story.cluster, proposers, epoch + 1)


def remove_while_cut_off(story, leaver, rest):
    """What it was told before is committed, and its clients have gone elsewhere: then its link breaks for good."""
    story.send_clients_away(leaver)
    story.wait("the lane of the leaver is committed", lambda: nothing_waits(leaver))
    story.network.isolate(leaver.number)
    agree(story, rest, change="remove", member=f"m{leaver.number}")
    story.goes_on(rest)
    leaver.process.send_signal(signal.SIGTERM)
    assert leaver.process.wait(60) == 0, leaver.process.returncode
    leaver.kill()
    story.network.heal()


def another_host(story, place, source):
    """What its owner has: the genesis, addresses, a key and a token of its own, and a snapshot that is judged by the genesis alone."""
    for name in os.listdir(place.directory):
        if name not in ("config.json", "genesis.json", "token", "log"):
            os.remove(os.path.join(place.directory, name))
    story.cluster.run("key", "new", os.path.join(place.directory, "key"))
    story.wait("there is a snapshot", lambda: source.status()["snapshot_height"] >= SNAPSHOT)
    path = os.path.join(story.cluster.directory, "state.snapshot")
    story.cluster.run("snapshot", "save", path, "--genesis", story.cluster.genesis, "--member", source.directory)
    said = json.loads(story.cluster.run("snapshot", "verify", path, "--genesis", story.cluster.genesis, "--json"))
    assert said["ok"] and LEAVER not in [int(m[1:]) for m in said["signers"]], said
    assert "never run" in story.cluster.run("snapshot", "restore", path, place.directory)
    return said["snapshot"]["height"]


def join_over_slow_wires(story, place, rest):
    height = another_host(story, place, rest[0])
    for member in rest:
        story.cluster.delay(member.number, place.number, 100, 25)
    place.start()
    agree(story, rest[:3], change="add", place=place.number, name="newcomer", key=key_of(story.cluster, place))
    in_epoch(story.cluster, [*rest, place], rest[0].status()["epoch"])
    assert f"began with the snapshot of height {height}" in log_of(place)
    assert place.status()["kept_from"] == height + 1, place.status()
    story.let_clients_return()
    story.wait("the newcomer's evidence is committed", lambda: place.status()["lanes"][place.number]["committed_seq"] > 3)
    for member in rest:
        story.cluster.delay(member.number, place.number, 0)
    story.goes_on([*rest, place])
    story.late.add(place.number)
    return height


def rotate_while_another_stands_still(story, member, still):
    """The one that stood still finds itself an epoch behind, and its peer with a key that it does not know yet."""
    fresh = next_key(story.cluster, member)
    process, epoch = member.process.pid, member.status()["epoch"]
    still.process.send_signal(signal.SIGSTOP)
    rest = [m for m in story.members if m is not still]
    agree(story, rest, change="key", member=f"m{member.number}", key=fresh)
    story.goes_on(rest)
    still.process.send_signal(signal.SIGCONT)
    in_epoch(story.cluster, story.members, epoch + 1)
    assert key_of(story.cluster, member) == fresh and member.process.pid == process and member.process.poll() is None


def main():
    network.enter()
    with Story("members change", MEMBERS, delays=True) as story:
        story.counted = False  # what the leaver told leaves the open question with it; the log keeps it
        leaver = story.members[LEAVER]
        rest = story.members[:LEAVER]
        remove_while_cut_off(story, leaver, rest)
        height = join_over_slow_wires(story, leaver, rest)
        rotate_while_another_stands_still(story, story.members[ROTATED], story.members[STOPPED])
        story.heal()
        story.goes_on(story.members)
        story.figure(f"one began with the snapshot of {height}; three epochs ended")
        story.finish()


main()
