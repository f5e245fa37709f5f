"""Canaries, families and challenges on real members: what is hidden stays hidden until it is revealed, a liar loses by it, and all
members come to the same labels."""
import json
import os

from cluster import Cluster

FAMILY = "birds of bay/7"
PICTURES = 12
CANARIES = 2  # the first ones
LIAR = 3
CHALLENGE_INTERVAL = 64  # blocks; an epoch of reputation is as long


def truth_of(picture):
    return "bunting" if picture % 3 == 0 else "grosbeak"


def drive(cluster, height):
    """Blocks until every member is past the height: one for each piece of evidence."""
    clock = cluster.members[0].ask(title=f"Tick to {height}", hypotheses=["a", "b"], mode="pool", decide_at="50000")
    cluster.wait_until(lambda: all(m.show(clock) for m in cluster.members), "every member knows the question")
    for tick in range(10 * height):
        member = cluster.members[tick % len(cluster.members)]
        if min(m.status()["height"] for m in cluster.members) >= height:
            return
        member.post("/v1/evidence?ack=committed", {"question": clock, "observation": f"tick {tick}", "llr": "0.001"})
    raise AssertionError(f"height {height} was not reached")


def members_of(cluster, asked=0):
    return json.loads(cluster.run("members", cluster.members[asked].directory, "--json"))["members"]


def answers_of(member, outcome):
    for line in member.get("/metrics").decode().splitlines():
        if line.startswith(f'credimus_challenge_answers_total{{outcome="{outcome}"}}'):
            return int(line.split()[-1])
    raise AssertionError("no such metric")


def challenge(cluster):
    """The first challenge: everybody answers it by itself, and nobody loses by it."""
    drive(cluster, CHALLENGE_INTERVAL + 1)
    cluster.wait_until(lambda: all(answers_of(m, "right") == 4 for m in cluster.members), "everybody has answered")
    drive(cluster, CHALLENGE_INTERVAL + 40)  # past the window, in which an answer could be missed
    assert all(answers_of(m, "missing") == 0 == answers_of(m, "wrong") for m in cluster.members)
    for member in members_of(cluster):
        assert member["reputation"] == member["weight"] == 1 and member["suspicion"] == 0 and member["proof"] is None, member


def ask_pictures(cluster):
    m0 = cluster.members[0]
    questions = []
    for picture in range(PICTURES):
        canary = ["--canary", truth_of(picture)] if picture < CANARIES else []
        options = ["--title", f"What is on picture {picture}?", "--hypotheses", "bunting,grosbeak", "--mode", "panel", "--family",
                   FAMILY, "--decide-at", "40"]
        printed = cluster.run("ask", m0.directory, *options, *canary)
        assert printed == cluster.run("ask", m0.directory, *options, *canary), "the same ask is another question"
        questions.append(printed.strip())
    cluster.wait_until(lambda: all(m.show(questions[-1]) for m in cluster.members), "every member knows the questions")
    # Whoever looks at all that is shown sees no difference between the kinds.
    shown = [m0.show(question) for question in questions]
    for one in shown:
        assert one["opening"] == "not opened" and one["canary"] is None and one["family"] == FAMILY, one
        assert one.keys() == shown[0].keys()
    return questions


def tell_all(cluster, questions):
    for member in cluster.members:
        lines = []
        for picture, question in enumerate(questions):
            is_bunting = (truth_of(picture) == "bunting") != (member.number == LIAR)
            lines.append({"question": question, "observation": f"picture {picture}", "llr": "2" if is_bunting else "-2"})
        member.tell_lines(lines, ack="committed")
    cluster.settle()


def refused(cluster, word, *arguments, expect=1):
    said = cluster.run(*arguments, expect=expect)
    assert word in said, f"{arguments}: {said} does not say {word}"


def reveal(cluster, questions):
    m0, m1 = cluster.members[0].directory, cluster.members[1].directory
    refused(cluster, "once it has its verdict", "reveal", m0, questions[0])
    refused(cluster, "only the member that asked", "close", m1, questions[0])
    for question in questions[:CANARIES + 1]:
        cluster.run("close", m0, question)
    # Said again in the same words it is answered as the first time; nobody else can close it.
    assert "accepted" in cluster.run("close", m0, questions[0])
    refused(cluster, "already closed", "close", m1, questions[0])
    # There is no way to say what an opening is: the member finds it from its key, or there is none.
    refused(cluster, "only the member that asked", "reveal", m1, questions[0])
    refused(cluster, "one argument too many", "reveal", m0, questions[0], "grosbeak", expect=2)
    refused(cluster, "unknown option", "reveal", m0, questions[0], "--canary", "grosbeak", expect=2)
    refused(cluster, "no such question", "reveal", m0, "00" * 16)
    for picture, question in enumerate(questions[:CANARIES]):
        assert f"a canary, the true answer is {truth_of(picture)}" in cluster.run("reveal", m0, question)
    assert "an ordinary question" in cluster.run("reveal", m0, questions[CANARIES])
    refused(cluster, "already opened", "reveal", m0, questions[0])
    cluster.settle()
    for member in cluster.members:
        assert [member.show(q)["opening"] for q in questions[:4]] == ["canary", "canary", "ordinary", "not opened"]
        assert member.show(questions[0])["canary"] == truth_of(0)


def close_family(cluster, questions):
    m0, m1 = cluster.members[0].directory, cluster.members[1].directory
    refused(cluster, "no such family", "family", m0, "bees")
    refused(cluster, "only the member that asked its first question", "family", m1, FAMILY, "--close")
    refused(cluster, "the family is open", "certificate", m0, "--family", FAMILY, "-o", os.path.join(cluster.directory, "no.cert"))
    assert "open: nothing is learnt" in cluster.run("family", m1, FAMILY)
    shown = cluster.run("family", m0, FAMILY, "--close")
    assert "SKILL" in shown and "canary: bunting" in shown, shown
    refused(cluster, "already closed", "family", m0, FAMILY, "--close")
    more = ["--title", "One more", "--hypotheses", "bunting,grosbeak", "--mode", "panel", "--family", FAMILY]
    refused(cluster, "already closed: take another name", "ask", m0, *more)
    refused(cluster, "belongs to the member that asked", "ask", m1, *more)
    cluster.settle()
    families = [json.loads(cluster.run("family", m.directory, FAMILY, "--json")) for m in cluster.members]
    assert all(family == families[0] for family in families), families
    family = families[0]
    assert family["status"] == "closed" and family["finality"] == "final" and family["canaries"] == CANARIES, family
    assert family["total"] == PICTURES and family["answers"] == 4 * PICTURES and family["leaf"] > 0, family
    assert [row["question"] for row in family["questions"]] == questions
    assert [row["label"] for row in family["questions"]] == [truth_of(p) for p in range(PICTURES)], family
    skills = [member["skill"] for member in family["members"]]
    assert min(skills[:LIAR]) > 0 > skills[LIAR], skills
    return family


def certify(cluster, family):
    """The calibration, checked from the genesis alone."""
    file = os.path.join(cluster.directory, "family.cert")
    cluster.run("certificate", cluster.members[2].directory, "--family", FAMILY, "-o", file)
    verified = json.loads(cluster.run("verify", file, "--genesis", cluster.genesis, "--json"))
    assert verified["family"] == FAMILY and verified["results"] == family["results"], verified
    assert [m["skill"] for m in verified["skills"]] == [m["skill"] for m in family["members"]]
    refused(cluster, "NOT AS ASKED", "verify", file, "--genesis", cluster.genesis, "--expect", "bunting", expect=3)
    with open(file) as certificate:
        text = certificate.read()
    at = text.index("belief ") + 60
    with open(file, "w") as certificate:
        certificate.write(text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1:])
    cluster.run("verify", file, "--genesis", cluster.genesis, expect=1)


def omission(cluster):
    """A canary that is never revealed counts for nobody, and shows."""
    m1 = cluster.members[1]
    before = members_of(cluster)[1]["questions"]
    question = cluster.run("ask", m1.directory, "--title", "Never told", "--hypotheses", "a,b", "--mode", "panel", "--canary", "a").strip()
    cluster.run("close", m1.directory, question)
    cluster.settle()
    for asked in range(4):
        after = members_of(cluster, asked)[1]["questions"]
        assert after == {"closed": before["closed"] + 1, "opened": before["opened"]}, after
    assert "0 of 1" in cluster.run("members", m1.directory)


def reputations(cluster):
    """Once the epoch is over the liar has less of it; who asked the canaries is not scored by them."""
    drive(cluster, CHALLENGE_INTERVAL * (2 + cluster.members[0].status()["height"] // CHALLENGE_INTERVAL) + 1)
    cluster.settle()
    # Whom a member reaches and how much of a lane it holds is its own view; all else is the state.
    view = {"reachable": None, "seq": None, "committed_seq": None}
    tables = [[{**member, **view} for member in members_of(cluster, asked)] for asked in range(4)]
    assert all(table == tables[0] for table in tables), tables
    reputation = [member["reputation"] for member in tables[0]]
    assert reputation[0] == 1 and min(reputation[:LIAR]) > 0.98, reputation
    assert reputation[LIAR] < 0.95 and tables[0][LIAR]["weight"] < 0.95, reputation
    return reputation


def look_into_the_ledger(cluster, family):
    stopped = cluster.members[LIAR]
    stopped.kill()
    printed = cluster.run("log", stopped.directory)
    assert f"calibration of the family {FAMILY}: " in printed and "verdict" in printed
    assert "close family" in cluster.run("log", stopped.directory, "--height", str(family["height"]))
    lane = cluster.run("log", stopped.directory, "--member", "0")
    assert "reveal" in lane and "a canary, hypothesis" in lane and "an ordinary question" in lane
    asks = [line for line in lane.splitlines() if "What is on picture" in line]
    assert len(asks) == PICTURES and "canary" not in "".join(asks), asks


def main():
    with Cluster(4) as cluster:
        challenge(cluster)
        questions = ask_pictures(cluster)
        tell_all(cluster, questions)
        reveal(cluster, questions)
        family = close_family(cluster, questions)
        certify(cluster, family)
        omission(cluster)
        reputation = reputations(cluster)
        look_into_the_ledger(cluster, family)
        decided = sum(row["decided"] for row in family["questions"])
        print(f"{PICTURES} labels the same on all members, {decided} decided; reputations {reputation}")


main()
