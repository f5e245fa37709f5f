"""A member's directory is copied and both copies run: a proof of misbehaviour that anybody can check, and never two histories. The same with a key
that the genesis does not know."""
import json
import os
import shutil

from cluster import Cluster, Member, Refused, free_base_port
from roster import rotate


def verify(cluster, path, *more, expect=0):
    said = cluster.run("proof", "verify", path, "--genesis", cluster.genesis, *more, *(["--json"] if expect == 0 else []), expect=expect)
    return json.loads(said) if expect == 0 else said


def check_with_handovers(cluster, path, source):
    """Who the members were is told by a file that anybody can make, and anybody can check."""
    said = verify(cluster, path, expect=1)
    assert "--handovers" in said, said
    cluster.run("member", "learn", source.directory, "--url", "http://" + source.config["api"])
    handovers = os.path.join(source.directory, "handovers")
    said = verify(cluster, path, "--handovers", handovers)
    with open(handovers) as file:
        text = file.read()
    bad = os.path.join(cluster.directory, "bad-handovers")
    for broken in (text[:-1], text[1:], text[:300] + ("A" if text[300] != "A" else "B") + text[301:]):
        with open(bad, "w") as file:
            file.write(broken)
        assert "bad-handovers, line 1: " in verify(cluster, path, "--handovers", bad, expect=1)
    return said


def story(is_rotated):
    with Cluster(4) as cluster:
        original, others = cluster.members[0], cluster.members[1:]
        question = others[0].ask(title="Is one key in one place?", hypotheses=["yes", "no"], mode="pool", decide_at=10000, cap=1000)
        cluster.settle()
        if is_rotated:
            rotate(cluster, original, others, 0)
            cluster.settle()
        original.kill()
        clone_directory = os.path.join(cluster.directory, "clone")
        shutil.copytree(original.directory, clone_directory)
        port = free_base_port(4)
        original.config["listen"], original.config["api"] = f"127.0.0.1:{port}", f"127.0.0.1:{port + 1000}"
        with open(os.path.join(clone_directory, "config.json"), "w") as file:
            json.dump(original.config, file)
        shutil.move(clone_directory, os.path.join(cluster.directory, "m4"))
        clone = Member(cluster, 4)
        original = cluster.members[0] = Member(cluster, 0)
        for member in (original, clone):
            member.start()
        cluster.members.append(clone)  # so that it is stopped at the end
        cluster.wait_until(lambda: cluster.answers(original) and cluster.answers(clone), "both copies answer")
        count = [0]

        def both_speak():
            count[0] += 1
            for member, word in ((original, "original"), (clone, "copy")):
                try:
                    member.post("/v1/evidence", {"question": question, "observation": f"{word} {count[0]}", "llr": "0.1"})
                except Refused:
                    pass
            return all(m.get("/v1/proofs")["proofs"] for m in others)

        cluster.wait_until(both_speak, "the others have a proof against the copied member")
        path = os.path.join(cluster.directory, "guilty.proof")
        cluster.run("proof", "save", others[0].directory, "0", "-o", path)
        said = check_with_handovers(cluster, path, others[0]) if is_rotated else verify(cluster, path)
        assert said["ok"] and said["member"] == 0 and said["name"] == "m0", said
        with open(path, "rb") as file:
            data = bytearray(file.read())
        data[200] ^= 1
        with open(path, "wb") as file:
            file.write(data)
        verify(cluster, path, expect=1)
        # The honest rest goes on, with one history.
        for i, member in enumerate(others):
            member.post("/v1/evidence?ack=committed", {"question": question, "observation": f"after {i}", "llr": "0.1"})
        def same():
            seen = [m.status() for m in others]
            return len({(s["height"], s["root"]) for s in seen}) == 1
        cluster.wait_until(same, "the others have one root")
        print(f"proof against {said['name']} ({said['kind']} at {said['at']}), one history among the others")


story(is_rotated=False)
story(is_rotated=True)
