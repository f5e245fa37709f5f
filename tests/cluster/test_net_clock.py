"""Clocks that lie (docs/protocol.md 2). One member's clock jumps an hour ahead, another's an hour back, while they run. The one behind is
none the worse: its lane counts on. The one ahead is not acknowledged before its time has come, which stops nobody else; when that hour has
passed for the others too, all that it was told meanwhile is committed. The monotonic clock is left alone, as on a real machine."""
import network
from clocks import Clocks, library
from story import Story

HOUR = 3600


def lane(seen_by, member):
    return seen_by.status()["lanes"][member.number]


def main():
    network.enter()
    preload = library()
    if preload is None:
        network.skip("libfaketime is missing (package libfaketime)")
    clocks = Clocks(preload)
    with Story("clock +1 h on m3, -1 h on m2", 4, before=clocks.prepare) as story:
        fast, slow, others = story.members[3], story.members[2], story.members[:2]
        story.wait("all lanes move", lambda: all(lane(others[0], m)["committed_seq"] > 3 for m in story.members))
        clocks.set(fast, HOUR)
        clocks.set(slow, -HOUR)
        ahead = lambda: lane(fast, fast)["wall_us"] - lane(others[0], others[0])["wall_us"]
        story.wait("the fast clock is in its lane", lambda: ahead() > (HOUR - 60) * 1000000)
        stood = lane(others[0], fast)["committed_seq"]
        seq = lane(others[0], slow)["committed_seq"]
        story.close_verdict()
        story.goes_on(story.members, 30)
        story.wait("the lane of the slow clock goes on", lambda: lane(others[0], slow)["committed_seq"] > seq + 10)
        # Its signature counts, its word has to wait: the verdict is final, its evidence is not there yet.
        story.final_verdict()
        fast_told = len(story.load.acknowledged[3])
        assert lane(others[0], fast)["committed_seq"] <= stood + 3, "a batch from the future was committed"
        assert lane(fast, fast)["seq"] > stood + 10
        assert all(m.status()["level"] == "connected" for m in story.members)
        story.figure(f"{fast_told} items told to the fast one, its lane at {stood} of {lane(fast, fast)['seq']} meanwhile")
        # Back to the right time: the lane itself can't go back, and waits for the hour to pass.
        clocks.set(fast, 0)
        story.goes_on(story.members, 10)
        assert lane(others[0], fast)["committed_seq"] <= stood + 3
        for member in story.members:
            clocks.set(member, HOUR + 60)
        story.heal()
        story.wait("its evidence is committed when its time has come",
                   lambda: lane(others[0], fast)["committed_seq"] > stood + 10)
        story.finish()


main()
