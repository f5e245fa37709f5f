"""A quarter of the members (2 of 8) is cut off under load. Order goes on with 6 of 8, but a threshold of 9/10 is now in force, and of 8 that
is everybody: nothing new is final. Who asks for more than there is learns why; after the heal all becomes final without new evidence."""
import concurrent.futures
import json
import time

import network
from cluster import Refused
from story import Story

MISSING = [6, 7]


def check_refusal(story, member):
    """What a reader who insists on final is told (docs/protocol.md 6)."""
    refused = story.refusal_of(member, story.verdict)
    assert refused["error"] == "NOT_FINAL" and refused["threshold"] == "9/10", refused
    assert refused["signed"]["heads"] == 6 and refused["signed"]["needed"] == 8 and refused["signed"]["members"] == 8, refused
    assert 0 < refused["signed"]["weight"] < 0.9, refused
    assert [m["member"] for m in refused["missing"]] == MISSING and "missing: m6, m7" in refused["detail"], refused
    best = refused["provisional"]
    assert best["finality"] == "provisional" and best["question"] == story.verdict and best["status"] == "undecided", refused
    committed = member.show(story.verdict)
    assert (committed["finality"], committed["status"], committed["posterior"]) == ("provisional", "undecided", best["posterior"])


def check_no_certificate(story, member):
    """Not by the other door either: a certificate of what changed since is refused, by the API and by the command."""
    try:
        member.get(f"/v1/certificates/{story.verdict}")
        raise AssertionError("a certificate of what only 6 of 8 have signed")
    except Refused as refused:
        assert refused.code == 503 and json.loads(refused.body)["error"] == "NOT_FINAL", refused
    said = story.cluster.run("show", member.directory, story.verdict, "--read", "final", expect=1)
    assert "9/10" in said, said


def check_the_cut_off(story, member):
    """It can't know the verdict, and does not make one up; what it is told itself it shows as local and nothing else."""
    assert member.status()["level"] == "severe"  # it misses six
    committed, local = member.show(story.question), member.show(story.question, "local")
    assert local["finality"] == "local" and local["items"] > committed["items"], (committed, local)
    assert member.show(story.verdict)["status"] == "open"


def backlog(story):
    """How far each lane reaches where it is longest."""
    seen = [m.status()["lanes"] for m in story.members]
    return [max(lanes[m]["seq"] for lanes in seen) for m in range(8)]


def is_committed(member, tips):
    return all(lane["committed_seq"] >= tip for lane, tip in zip(member.status()["lanes"], tips))


def main():
    with Story("split 6|2 under load", 8) as story:
        most, few = story.members[:6], story.members[6:]
        story.network.split(range(6), MISSING)
        story.level_is(most, "major")
        story.raised_at(most)
        story.close_verdict()
        stood = max(m.status()["final_height"] for m in story.members)
        height = max(story.heights(most))
        story.goes_on(most, 12)
        with concurrent.futures.ThreadPoolExecutor() as readers:  # each of them is kept waiting for a while first
            list(readers.map(lambda member: check_refusal(story, member), most))
        check_no_certificate(story, most[0])
        for member in few:
            check_the_cut_off(story, member)
        assert max(story.heights(few)) < height, "two of eight went on alone"
        assert max(m.status()["final_height"] for m in story.members) == stood, "final below 90 %"
        assert all(m.status()["provisional"] == 1 for m in most)
        blocks = max(story.heights(most)) - height
        # Nothing is told from here on. What the two sides have, and no more, becomes final.
        story.load.stop()
        tips = backlog(story)
        waiting = sum(tip - lane["committed_seq"] for tip, lane in zip(tips, most[0].status()["lanes"]) if lane["member"] in MISSING)
        assert waiting > 0
        time.sleep(1)  # what the majority has on its way is executed, so that the blocks below are those of the heal
        before = max(story.heights(most))
        story.heal()
        story.wait("the backlog of both sides is committed", lambda: all(is_committed(m, tips) for m in story.members))
        took = time.monotonic() - story.healed_at
        after = max(story.heights(story.members))
        assert after - before <= 3 * 8, f"{after - before} blocks for the backlog"
        story.figure(f"{blocks} blocks during the cut, all provisional")
        story.figure(f"{waiting} batches of the two committed {took:.1f} s after the heal, at most {after - before} blocks after it")
        story.final_verdict()
        story.figure(f"final {story.final_at - story.healed_at:.1f} s after the heal, without new evidence")
        story.finish()


network.enter()
main()
