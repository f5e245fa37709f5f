"""A rolling restart under load: one member after the other is stopped, replaced by a program of another version, and started again. The group
goes on without each of them, and with members of both versions."""
import os

import network
from network import call
from story import Story


def version(binary):
    return call(binary, "--version").strip()


def program(member):
    return os.path.realpath(f"/proc/{member.process.pid}/exe")


def main():
    network.enter()
    following = os.environ.get("CREDIMUS_NEXT", "")
    if not os.access(following, os.X_OK):
        network.skip("CREDIMUS_NEXT names no second program (the build folder has credimus-next when tests are built)")
    with Story("rolling restart with a version bump", 4) as story:
        old, new = version(story.cluster.binary), version(following)
        assert old != new, old
        for member in story.members:
            others = [m for m in story.members if m is not member]
            story.wait("all stand together", lambda: all(story.all_up(m) for m in story.members))
            member.process.terminate()
            assert member.process.wait(60) == 0, f"m{member.number} did not stop in good order"
            member.kill()
            story.goes_on(others, 3)
            story.cluster.binaries[member.number] = following
            member.start()
            story.wait("it answers again", lambda: story.cluster.answers(member))
            assert program(member) == os.path.realpath(following)
            story.goes_on(story.members, 3)
        story.heal()
        story.figure(f"{old} -> {new}")
        story.finish()


main()
