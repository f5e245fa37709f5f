"""Members are killed with SIGKILL while evidence comes in: the others go on, who comes back catches up, nothing acknowledged is lost."""
import random
import sys

from cluster import Cluster, Refused


def tell(member, question, prefix, count, acknowledged):
    for i in range(count):
        name = f"{prefix} {i}"
        member.post("/v1/evidence?ack=local", {"question": question, "observation": name, "llr": "0.25"})
        acknowledged.append((member.number, name))


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with Cluster(4) as cluster:
        question = cluster.members[0].ask(title="Is it raining?", hypotheses=["yes", "no"], mode="pool", cap=1000, decide_at=10000)
        acknowledged = []
        cluster.wait_until(lambda: all(m.show(question) for m in cluster.members), "every member knows the question")
        for turn in range(4):
            victim = chance.choice(cluster.members)
            others = [m for m in cluster.members if m is not victim]
            tell(victim, question, f"turn {turn} victim", chance.randrange(20), acknowledged)
            victim.kill()
            height = max(m.status()["height"] for m in others)
            for member in others:
                tell(member, question, f"turn {turn}", 5, acknowledged)
            cluster.wait_until(lambda: min(m.status()["height"] for m in others) > height, "the others go on")
            victim.start()
            cluster.wait_until(lambda: cluster.answers(victim), "the killed one answers again")
        for member in cluster.members:
            tell(member, question, "before the blackout", 30, acknowledged)
        for member in cluster.members:
            member.kill()
        for member in cluster.members:
            member.start()
        cluster.wait_until(lambda: all(cluster.answers(m) for m in cluster.members), "all answer again")
        root = cluster.settle()
        shown = cluster.members[1].show(question)
        assert shown["items"] == len(acknowledged), f"{shown['items']} of {len(acknowledged)} acknowledged items are there"
        # Every single one, not only their number: something else about the same is refused as told already.
        for number, name in chance.sample(acknowledged, 20):
            try:
                cluster.members[number].post("/v1/evidence", {"question": question, "observation": name, "llr": "0.5"})
                raise AssertionError(f"{name} of m{number} was not there")
            except Refused as refused:
                assert refused.code == 409 and "DUPLICATE" in refused.body, refused
        print(f"{len(acknowledged)} acknowledged items, all there; one root {root[:16]}")


main()
