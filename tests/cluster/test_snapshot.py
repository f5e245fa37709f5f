"""A group that comes to its first snapshot: saved from a running member, judged offline, put into the directory of a member that
never ran and of one that has; and what has to be refused, with nothing left behind."""
import json
import os
import shutil
import time

from cluster import Cluster

FIRST = 1024  # the height of the first snapshot


def reach_snapshot(cluster, question):
    """One block after another; then the members agree that there is a snapshot."""
    member = cluster.members[0]
    connection = member.connection()
    number = 0
    while member.status()["height"] < FIRST + 1:
        for _ in range(50):
            tell = {"question": question, "observation": f"o{number}", "llr": "0.001"}
            member.request("POST", "/v1/evidence?ack=committed", tell, connection=connection)
            number += 1
    cluster.settle()
    for m in cluster.members:
        cluster.wait_until(lambda: m.status()["snapshot_height"] >= FIRST, "every member keeps the snapshot")


def save(cluster, member):
    path = os.path.join(cluster.directory, "good.snap")
    url = "http://" + member.config["api"]
    said = json.loads(cluster.run("snapshot", "save", path, "--url", url, "--genesis", cluster.genesis, "--json"))
    assert said["height"] >= FIRST and said["bytes"] == os.path.getsize(path), said
    assert os.stat(path).st_mode & 0o777 == 0o600
    said = cluster.run("snapshot", "save", path, "--member", member.directory, "--genesis", cluster.genesis, expect=1)
    assert "there is a file already" in said, said
    said = json.loads(cluster.run("snapshot", "verify", path, "--genesis", cluster.genesis, "--json"))
    assert said["ok"] and said["snapshot"]["height"] >= FIRST and len(said["signers"]) >= said["needed"] == 3, said
    print(f"a snapshot of height {said['snapshot']['height']}, {said['snapshot']['bytes']} bytes, signed by {said['signers']}")
    return path


def newcomer(cluster, member):
    """A directory of the member as it was before its first start."""
    directory = os.path.join(cluster.directory, "fresh")
    os.mkdir(directory, 0o700)
    for name in ("config.json", "genesis.json", "key", "token"):
        shutil.copy2(os.path.join(member.directory, name), directory)
    return directory


def bad_files(cluster, path, directory):
    with open(path, "rb") as file:
        data = file.read()
    bad = path + ".bad"
    for changed in (data[:-1], data + b"x", data[:100], b"", data[:-5000] + bytes([data[-5000] ^ 1]) + data[-4999:]):
        with open(bad, "wb") as file:
            file.write(changed)
        cluster.refused(directory, "REFUSED", "snapshot", "restore", bad, directory)
        assert "REFUSED" in cluster.run("snapshot", "verify", bad, "--genesis", cluster.genesis, expect=1)
    other = os.path.join(cluster.directory, "other")
    cluster.run("testnet", "new", other, "--members", "4", "--base-port", "30000")
    cluster.refused(os.path.join(other, "m3"), "another chain", "snapshot", "restore", path, os.path.join(other, "m3"))
    said = cluster.run("snapshot", "verify", path, "--genesis", os.path.join(other, "genesis.json"), expect=1)
    assert "another chain" in said, said


def restore(cluster, path):
    member, url = cluster.members[3], "http://" + cluster.members[0].config["api"]
    refused_said = cluster.run("snapshot", "restore", path, member.directory, expect=1)
    assert "in use" in refused_said, refused_said
    member.kill()
    cluster.refused(member.directory, "there already", "snapshot", "restore", path, member.directory)
    fresh = newcomer(cluster, member)
    bad_files(cluster, path, fresh)
    said = cluster.run("snapshot", "restore", path, fresh, "--url", url)
    assert "never run" in said, said
    assert sorted(os.listdir(fresh)) == ["config.json", "genesis.json", "key", "ledger.db", "token"], os.listdir(fresh)
    cluster.refused(fresh, "there already", "snapshot", "restore", path, fresh)
    for name in os.listdir(member.directory):
        if name.startswith("ledger.db"):
            os.remove(os.path.join(member.directory, name))
    said = cluster.run("snapshot", "restore", path, member.directory, "--url", url)
    assert "asks the others" in said, said
    assert {"forgetful", "lane-closed", "started", "ledger.db"} <= set(os.listdir(member.directory))


def main():
    begun = time.monotonic()
    with Cluster(4) as cluster:
        asker = cluster.members[0]
        status = asker.status()
        assert status["kept_from"] == 1 and status["snapshot_height"] == 0, status
        early = os.path.join(cluster.directory, "early.snap")
        said = cluster.run("snapshot", "save", early, "--member", asker.directory, "--genesis", cluster.genesis, expect=1)
        assert "no snapshot yet" in said and not os.path.exists(early), said
        question = asker.ask(title="Is it true?", hypotheses=["yes", "no"], mode="pool", cap=10000, decide_at=40000)
        reach_snapshot(cluster, question)
        restore(cluster, save(cluster, asker))
    print(f"saved, verified, restored ({time.monotonic() - begun:.0f} s)")


main()
