"""All the others change their keys twice while a member is away: when it is back nobody is left whom it knows. It learns who they are by now from
what their members have signed, catches up and takes part; so does one whose ledger is lost. A file that is no good is refused."""
import json
import os
import signal

from cluster import Cluster
from roster import in_epoch, rotate, settled, wait_for_log


def url(member):
    return "http://" + member.config["api"]


def refusals(cluster, away, source):
    """Nothing of it changes the directory, but for what the running member writes."""
    other = os.path.join(cluster.directory, "other")
    cluster.run("testnet", "new", other, "--members", "4", "--base-port", "30000")
    cluster.refused(os.path.join(other, "m3"), "another group", "member", "learn", os.path.join(other, "m3"), "--url", url(source))
    cluster.refused(away.directory, "is a member's API there", "member", "learn", away.directory, "--url", "http://127.0.0.1:9",
                    but=("log", "ledger.db", "ledger.db-wal", "ledger.db-shm"))
    assert "--url URL is missing" in cluster.run("member", "learn", away.directory, expect=2)


def bad_files(cluster, away):
    path = os.path.join(away.directory, "handovers")
    with open(path) as file:
        good = file.read()
    lines = good.splitlines(keepends=True)
    middle = len(lines[2]) // 2
    turned = "A" if lines[2][middle] != "A" else "B"
    for bad in (good[:-1], "".join(lines[1:]), lines[0] * 2, good + "\n", good + "more\n",
                lines[0] + lines[1] + lines[2][:middle] + turned + lines[2][middle + 1:]):
        with open(path, "w") as file:
            file.write(bad)
        for command in (["config", "check", away.directory], ["start", away.directory]):
            said = cluster.run(*command, expect=1)
            assert "handovers, line " in said and "member learn" in said, said
    with open(path, "w") as file:
        file.write(good)
    cluster.run("config", "check", away.directory)


def comes_back(cluster, away, epoch, question, text):
    in_epoch(cluster, cluster.members, epoch)
    away.post("/v1/evidence?ack=committed", {"question": question, "observation": text, "llr": "0.25"})
    return settled(cluster, cluster.members)


def main():
    with Cluster(4) as cluster:
        rest, away = cluster.members[:3], cluster.members[3]
        question = rest[0].ask(title="Is it raining?", hypotheses=["yes", "no"], mode="pool", cap=1000, decide_at=10000)
        settled(cluster, cluster.members)
        said = cluster.run("member", "learn", away.directory, "--url", url(rest[0]))
        assert "no epoch has ended" in said and not os.path.exists(os.path.join(away.directory, "handovers")), said
        away.kill(signal.SIGTERM)
        for epoch in range(6):
            rotate(cluster, rest[epoch % 3], rest, epoch)
        away.start()
        wait_for_log(away, "if the members have other keys by now: credimus member learn")
        assert away.status()["epoch"] == 0
        refusals(cluster, away, rest[1])
        said = json.loads(cluster.run("member", "learn", away.directory, "--url", url(rest[1]), "--json"))
        assert said == {"epoch": 6, "members": 4, "new": True}, said
        assert "nothing has changed" in cluster.run("member", "learn", away.directory, "--url", url(rest[2]))
        away.process.send_signal(signal.SIGHUP)
        wait_for_log(away, "handovers lead to epoch 6")
        comes_back(cluster, away, 6, question, "back")
        away.kill(signal.SIGTERM)
        bad_files(cluster, away)
        # The same for one that has to begin again; under its old key its lane stays closed.
        for name in os.listdir(away.directory):
            if name.startswith("ledger.db"):
                os.remove(os.path.join(away.directory, name))
        away.start()
        in_epoch(cluster, cluster.members, 6)
        cluster.wait_until(lambda: not away.status()["recovering"], "the others have told what it signed")
        assert away.status()["lane_closed"]
        rotate(cluster, away, rest, 6)
        root = comes_back(cluster, away, 7, question, "back again")
        print(f"six keys changed while one was away, and it found the others; one root {root[:16]}")


main()
