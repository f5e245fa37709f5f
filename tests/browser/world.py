"""The group that the browser tests look at: real members on this machine, with questions that have everything the page
shows, and one member whose directory was copied and who therefore signs two histories. Standard library only."""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cluster"))
from cluster import Cluster, Member, Refused, free_base_port  # noqa: E402 (its folder has to be named first)

MEMBERS = 8
LIAR = 0  # the member with the lower number dials, so both copies of this one reach everybody
SHOWN = 1  # whose page the tests look at
# What a stranger may write into a title: markup, a change of the writing direction, and a word that never ends.
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> \u202etxet desrever\u202c " + "w" * 120


def tell(member, question, observation, **report):
    """A question that is decided early takes no more; that is as good here."""
    try:
        member.post("/v1/evidence?ack=committed", {"question": question, "observation": observation, **report})
    except Refused as refused:
        if refused.code != 409:
            raise


def ask_all(cluster):
    """One question of each kind; the ids by what they are for."""
    first = cluster.members[SHOWN]
    asked = {
        "decided": first.ask(title="Does 203.0.113.7 belong to the botnet?", hypotheses=["yes", "no"], mode="pool"),
        "open": first.ask(title="Which release candidate goes out?", hypotheses=["rc1", "rc2", "none of them"], mode="pool"),
        "bare": first.ask(title="Is the bridge at Arnstorf passable?", hypotheses=["passable", "closed"], mode="pool"),
        "second": first.ask(title="Does 198.51.100.23 scan ports?", hypotheses=["yes", "no"], mode="pool"),
        "hostile": first.ask(title=HOSTILE, hypotheses=["<b>yes</b>", "no"], mode="pool"),
    }
    cluster.settle()
    return asked


def tell_all(cluster, asked):
    tell(cluster.members[LIAR], asked["decided"], "flow of a liar", llr="-9")
    for i, member in enumerate(cluster.members[LIAR + 1:]):
        tell(member, asked["decided"], f"flow {i}", llr=str(7 + i % 3))
        tell(member, asked["second"], f"scan {i}", llr=str(-6 - i % 2))
        if i < 5:
            tell(member, asked["open"], f"run {i}", loglik=["-0.4", "-1.1", "-2.3"] if i % 3 else ["-1.2", "-0.6", "-2.0"])
        if i < 2:
            tell(member, asked["hostile"], "<script>alert(1)</script>", llr="0.7")


def copy_liar(cluster):
    """Runs a member twice, on two copies of its directory, until the others have a proof."""
    original, others = cluster.members[LIAR], cluster.members[LIAR + 1:]
    original.kill()
    copied = os.path.join(cluster.directory, f"m{MEMBERS}")
    shutil.copytree(original.directory, copied)
    port = free_base_port(MEMBERS)
    original.config["listen"], original.config["api"] = f"127.0.0.1:{port}", f"127.0.0.1:{port + 1000}"
    with open(os.path.join(copied, "config.json"), "w") as file:
        json.dump(original.config, file)
    copy = Member(cluster, MEMBERS)
    cluster.members[LIAR] = original = Member(cluster, LIAR)
    cluster.members.append(copy)
    for member in (original, copy):
        member.start()
    cluster.wait_until(lambda: cluster.answers(original) and cluster.answers(copy), "both copies answer")
    question = original.ask(title="Who is who?", hypotheses=["one", "two"], mode="pool", decide_at=10000)
    count = [0]

    def both_speak():
        count[0] += 1
        for member, word in ((original, "original"), (copy, "copy")):
            try:
                member.post("/v1/evidence", {"question": question, "observation": f"{word} {count[0]}", "llr": "0.1"})
            except Refused:
                pass
        # The copies may contradict each other in a view as well.
        return all(any(proof["kind"] == "fork" for proof in m.get("/v1/proofs")["proofs"]) for m in others)

    cluster.wait_until(both_speak, "the others have a proof against the copied member")
    for member in (original, copy):
        member.kill()


def certified(cluster, question):
    first = cluster.members[SHOWN]
    cluster.wait_until(lambda: first.show(question)["finality"] == "final", "a certificate covers the question")


def build(cluster):
    """Fills the group; what a test has to know of it."""
    asked = ask_all(cluster)
    tell_all(cluster, asked)
    certified(cluster, asked["decided"])
    certified(cluster, asked["second"])
    first = cluster.members[SHOWN]
    return {
        "url": f"http://{first.config['api']}", "token": first.token, "genesis": cluster.genesis, "binary": cluster.binary,
        "directory": cluster.directory, "members": MEMBERS, "liar": f"m{LIAR}", "asked": asked, "hostile": HOSTILE,
    }


def main():
    """By hand: a world to look at, until the standard input ends."""
    with Cluster(MEMBERS) as cluster:
        told = build(cluster)
        if "--liar" in sys.argv:
            copy_liar(cluster)
        print(json.dumps(told, indent=2), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
