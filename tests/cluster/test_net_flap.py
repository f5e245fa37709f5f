"""A link that comes and goes every two seconds. The level rises at once and stays: it falls only when all was well for the heal window.
In `make check` it flaps four times; `make cluster-long` flaps for a minute and waits for the fall, which takes half a minute more."""
import json
import time

import network
from network import LONG
from story import HEAL_WINDOW_S, LEVELS, Story

FLAP_S = 2
SECONDS = 60 if LONG else 16


def risen(story, member):
    """The levels that this member went through, in order."""
    return [level for _, level in story.watch.levels[member.number]]


def levels_in_lane(story, member):
    """Each change is an item there, so this also shows what was too fast to be seen."""
    lines = story.cluster.run("log", story.members[0].directory, "--json", "--member", str(member.number)).splitlines()
    items = [item for line in lines for batch in json.loads(line)["batches"] for item in batch["items"]]
    return [item["level"] for item in items if item["kind"] == "level"]


def main():
    if not LONG:
        print(f"short form: {SECONDS} s of flapping instead of 60, and not its end, to keep `make check` short; "
              "all of it: make cluster-long (or CREDIMUS_LONG=yes)", flush=True)
    with Story("flapping every 2 s", 4) as story:
        *most, flapping = story.members
        end = time.monotonic() + SECONDS
        rounds = 0
        while time.monotonic() < end:
            story.network.isolate(3)
            time.sleep(FLAP_S)
            story.network.heal()
            time.sleep(FLAP_S)
            rounds += 1
        story.heal()
        assert all(m.status()["level"] == "major" for m in most), "the level fell between two cuts"
        for member in story.members:
            levels = risen(story, member)
            assert levels == sorted(set(levels), key=LEVELS.index), f"the level of m{member.number} flapped: {levels}"
        story.figure(f"{rounds} rounds, levels {risen(story, story.members[0])} and {risen(story, flapping)}")
        if LONG:
            story.level_is(story.members, "connected")
            calm_s = time.monotonic() - story.healed_at
            assert calm_s > HEAL_WINDOW_S - FLAP_S - 2, f"connected again after {calm_s:.1f} s"
            story.wait("the base threshold is in force", lambda: all(m.status()["threshold"] == "3/4" for m in story.members))
            story.figure(f"connected again {calm_s:.1f} s after the last heal")
        story.finish()
        for member in story.members:
            said = levels_in_lane(story, member)
            assert len(said) <= 2 + LONG, f"m{member.number} put {said} into its lane"


network.enter()
main()
