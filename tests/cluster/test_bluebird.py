"""Eight people of the Bluebird data as eight members: their labels as log-likelihood ratios, one question a picture."""
import csv
import math
import os
import sys

from cluster import SKIPPED, Cluster, Refused

MEMBERS = 8
RELIABILITY = 0.7  # what a label is taken to be worth; the same for everybody


def main():
    folder = sys.argv[1]
    labels_path, truth_path = os.path.join(folder, "labels.csv"), os.path.join(folder, "truth.csv")
    if not os.path.exists(labels_path):
        print("skipped: the Bluebird data is not here (it is not part of the product)")
        sys.exit(SKIPPED)
    with open(truth_path) as file:
        rows = list(csv.reader(file))
    truth = {row[0]: row[1] for row in rows if row[1] in ("1", "2")}
    with open(labels_path) as file:
        rows = [row for row in csv.reader(file) if row[-1] in ("1", "2")]
    people = sorted({row[1] for row in rows}, key=int)[:MEMBERS]
    labels = {(row[0], row[1]): row[2] for row in rows if row[1] in people}
    tasks = sorted({task for task, _ in labels}, key=int)
    ratio = f"{math.log(RELIABILITY / (1 - RELIABILITY)):.9f}"
    with Cluster(MEMBERS) as cluster:
        questions = {}
        for i, task in enumerate(tasks):
            questions[task] = cluster.members[i % MEMBERS].ask(
                title=f"Is picture {task} an indigo bunting?", hypotheses=["bunting", "grosbeak"], mode="pool",
                rho="0.2", decide_at="1", min_margin=2)
        last = questions[tasks[-1]]
        cluster.wait_until(lambda: all(m.show(last) for m in cluster.members), "every member knows the questions")
        for member, person in zip(cluster.members, people):
            for task in tasks:
                if (task, person) not in labels:
                    continue
                try:
                    member.post("/v1/evidence", {"question": questions[task], "observation": f"picture {task}",
                                                 "llr": ratio if labels[task, person] == "2" else "-" + ratio})
                except Refused as refused:
                    # Decided by the others already: a verdict closes its question.
                    assert "QUESTION_CLOSED" in refused.body, refused
        root = cluster.settle()
        assert len({m.status()["root"] for m in cluster.members}) == 1
        right = decided = wrong_decided = votes_right = 0
        for task in tasks:
            shown = cluster.members[0].show(questions[task])
            believed = "2" if shown["posterior"][0] > 0.5 else "1"
            votes = sum(1 if labels[task, p] == "2" else -1 for p in people if (task, p) in labels)
            right += believed == truth[task]
            votes_right += ("2" if votes > 0 else "1") == truth[task]
            if shown["status"] == "decided":
                decided += 1
                wrong_decided += believed != truth[task]
        n = len(tasks)
        print(f"{n} pictures, {MEMBERS} members, one root {root[:16]}")
        print(f"accuracy of the belief {right / n:.3f}, of the majority vote {votes_right / n:.3f}")
        print(f"decided {decided}, of those wrong {wrong_decided}")
        assert right >= votes_right - 0.1 * n


main()
