"""The network falls apart in different ways: who has a quorum goes on, who has none waits without losing anything, nothing is final that
not enough have signed, and after the heal all stand at one root."""
import sys
import time

import network
from network import LONG
from story import Story, tell_all


def nobody_goes_on(story, seconds=2):
    """What was on its way has arrived; from then on no block is executed."""
    before = story.heights(story.members)
    time.sleep(seconds)
    settled = story.heights(story.members)
    time.sleep(seconds)
    assert story.heights(story.members) == settled, (before, settled)
    return settled


def evidence_is_taken(story, members):
    counts = [len(story.load.acknowledged[m.number]) for m in members]
    story.wait("evidence is taken meanwhile",
               lambda: all(len(story.load.acknowledged[m.number]) > c + 5 for m, c in zip(members, counts)))


def reads_answer(member, question):
    """Committed and local always do; local is ahead of it by what this member alone knows."""
    committed, local = member.show(question)["items"], member.show(question, "local")["items"]
    assert committed < local, (committed, local)


def split_in_halves():
    with Story("split 2|2", 4) as story:
        story.network.split([0, 1], [2, 3])
        story.level_is(story.members, "severe")
        nobody_goes_on(story)
        evidence_is_taken(story, story.members)
        for member in story.members:
            reads_answer(member, story.question)
        story.heal()
        story.goes_on(story.members)
        story.finish()


def one_is_cut_off():
    with Story("split 3|1", 4) as story:
        *most, alone = story.members
        story.network.isolate(3)
        story.level_is(most, "major")
        story.level_is([alone], "severe")
        story.raised_at(most)
        story.close_verdict()
        stood = max(m.status()["final_height"] for m in most)
        story.goes_on(most, 20)
        evidence_is_taken(story, story.members)
        reads_answer(alone, story.question)
        refused = story.refusal_of(most[1], story.verdict)
        assert refused["signed"]["needed"] == 4 and [m["member"] for m in refused["missing"]] == [3], refused
        assert refused["provisional"]["finality"] == "provisional", refused
        assert max(m.status()["final_height"] for m in story.members) == stood, "certified while one was away"
        story.heal()
        story.finish()


def one_way():
    with Story("one way (m3 hears everybody, nobody hears it)", 4) as story:
        *most, mute = story.members
        story.network.shape(story.network.DROP, [(3, m.number) for m in most])
        story.level_is(most, "major")
        story.raised_at(most)
        story.close_verdict()
        story.goes_on(most, 20)
        evidence_is_taken(story, story.members)
        story.heal()
        story.finish()


def bridge():
    with Story("bridge (two halves joined through m2)", 5, asker=2) as story:
        middle = story.members[2]
        story.network.split([0, 1, 2], [2, 3, 4], joined=[2])
        story.level_is([m for m in story.members if m is not middle], "severe")
        assert middle.status()["level"] == "connected"
        # The one that hears everybody can still gather a quorum: order goes on through it. Four of five views have a leader that hears too few, so
        # the view timers are at their upper bound most of the time, and a block may take a minute.
        evidence_is_taken(story, story.members)
        if LONG:
            story.goes_on([middle], 3)
        story.heal()
        story.finish()


def leader_is_cut_off():
    with Story("leader cut off", 4) as story:
        status = story.members[0].status()
        leader = (status["view"] + status["epoch"]) % 4
        others = [m for m in story.members if m.number != leader]
        story.network.isolate(leader)
        # More than once around: its turns come and pass.
        view = max(m.status()["view"] for m in others)
        story.wait("views pass", lambda: min(m.status()["view"] for m in others) > view + 12)
        story.goes_on(others, 12)
        story.heal()
        story.finish()


def loss():
    with Story("a tenth of all packets is lost", 4) as story:
        everybody = range(4)
        story.network.shape(story.network.loss(10), [(a, b) for a in everybody for b in everybody if a != b])
        story.goes_on(story.members, 30)
        story.close_verdict()
        story.heal()
        story.finish()


network.enter()
tell_all([globals()[name] for name in sys.argv[1:]] or [
    split_in_halves, one_is_cut_off, one_way, bridge, leader_is_cut_off, loss,
])
