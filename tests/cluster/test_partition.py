"""One of four members is stopped: order goes on, verdicts are provisional, who asks for a final one learns why; it goes on, and all is final."""
import json
import os
import signal
import time

from cluster import Cluster, Refused


def final_of(member, question):
    """The belief when it is final, else the refusal."""
    try:
        return member.show(question, "final"), None
    except Refused as refused:
        if refused.code != 503:
            raise  # it may not know the question yet
        return None, json.loads(refused.body)


def sees_a_partition(member):
    status = member.status()
    return status["level"] == "major" and status["threshold"] == "9/10" and status["enhanced"]


def check_refusal(refused):
    assert refused["error"] == "NOT_FINAL" and refused["threshold"] == "9/10", refused
    assert refused["signed"]["heads"] == 3 and refused["signed"]["needed"] == 4 and refused["signed"]["members"] == 4, refused
    assert [m["member"] for m in refused["missing"]] == [3] and "missing: m3" in refused["detail"], refused
    assert refused["provisional"]["finality"] == "provisional" and refused["provisional"]["items"] == 1, refused


def check_command(cluster, member, question):
    """What `credimus show` tells who wants a final answer and can't have one."""
    said = cluster.run("show", member.directory, question, "--read", "final", expect=1)
    for words in ("Is it raining?", "provisional: decided, not certified yet", "The threshold in force is 9/10",
                  "Signed by 3 of 4 members", "needed are 4 members", "Missing: m3.", "credimus show: "):
        assert words in said, f"{words!r} is missing in:\n{said}"
    check_refusal(json.loads(cluster.run("show", member.directory, question, "--read", "final", "--json", expect=1)))
    said = cluster.run("show", member.directory, "00" * 16, "--read", "final", expect=1)
    assert "Signed by" not in said, said


def main():
    with Cluster(4) as cluster:
        *others, stopped = cluster.members
        question = others[0].ask(title="Is it raining?", hypotheses=["yes", "no"], mode="pool")
        cluster.wait_until(lambda: all(final_of(m, question)[0] for m in cluster.members), "all know the question")
        assert all(m.status()["level"] == "connected" for m in cluster.members)
        os.kill(stopped.process.pid, signal.SIGSTOP)
        cluster.wait_until(lambda: all(sees_a_partition(m) for m in others), "the others miss it and have said so")
        assert [m["member"] for m in others[1].status()["unreachable"]] == [3]
        others[1].post("/v1/evidence?ack=committed", {"question": question, "observation": "clouds", "llr": "1"})
        others[0].post("/v1/close?ack=committed", {"question": question})
        assert others[2].show(question)["finality"] == "provisional"
        check_refusal(final_of(others[2], question)[1])
        check_command(cluster, others[2], question)
        levels = {m["member"]: m["level"] for m in others[0].get("/v1/members")["members"]}
        assert levels == {0: "major", 1: "major", 2: "major", 3: "connected"}, levels
        os.kill(stopped.process.pid, signal.SIGCONT)
        began = time.monotonic()
        cluster.wait_until(lambda: all(final_of(m, question)[0] for m in cluster.members), "the verdict is final everywhere")
        took = time.monotonic() - began
        assert all(m.status()["provisional"] == 0 for m in cluster.members)
        # It stood still itself, and blames nobody for that.
        assert stopped.status()["level"] == "connected", stopped.status()
        print(f"final everywhere {took:.2f} s after it went on; one root {cluster.settle()[:16]}")


main()
