"""Wall clocks that can be set while members run, by libfaketime. The monotonic clock and the times of files are left alone, as they are when a
real clock is set."""
import glob
import os

LIBRARIES = ["/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1"]


def library():
    """Its path, or None."""
    found = [path for pattern in LIBRARIES for path in glob.glob(pattern)]
    return found[0] if found else None


class Clocks:
    """Each member's clock reads a file for how far it is off."""

    def __init__(self, preload):
        self.preload = preload

    def prepare(self, cluster):
        self.cluster = cluster
        for member in cluster.members:
            self.set(member, 0)
            cluster.environments[member.number] = {
                "LD_PRELOAD": self.preload, "FAKETIME_TIMESTAMP_FILE": self.path(member), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

    def path(self, member):
        return os.path.join(self.cluster.directory, f"m{member.number}.clock")

    def set(self, member, seconds):
        with open(self.path(member) + ".new", "w") as file:
            file.write(f"{seconds:+d}\n")
        os.rename(self.path(member) + ".new", self.path(member))
