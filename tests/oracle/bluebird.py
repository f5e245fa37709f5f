#!/usr/bin/env python3
"""Measures calibration on real judgements with liars among them: accuracy, what is decided, and the majority vote.

usage: tests/oracle/bluebird.py FOLDER CALIBRATE [SEEDS]

FOLDER holds Bluebird (Welinder, Branson, Perona & Belongie, "The Multidimensional Wisdom of Crowds", NIPS 2010) as
labels.csv (task,worker,label) and truth.csv (task,label), labels 1 and 2. CALIBRATE is the program of that name among the
unit tests. A share of the people, drawn by the seed, is replaced by liars:

    coherent  wrong on the same nine tenths of the pictures
    leaked    the same, but they know the canaries and are right on them
    noisy     the same, and each gives the other label in 15 of 100
    joining   each joins the lie on half of the pictures, and says on others what the person said
"""
import contextlib
import csv
import io
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
import calibration  # pylint: disable=wrong-import-position

SHARES = [0.25, 0.32, 0.40, 0.49]
CANARIES = [0, 0.05, 0.10]


class Bluebird:
    def __init__(self, folder):
        with open(os.path.join(folder, "truth.csv"), encoding="utf-8") as file:
            truth = {int(row["task"]): int(row["label"]) - 1 for row in csv.DictReader(file)}
        with open(os.path.join(folder, "labels.csv"), encoding="utf-8") as file:
            said = {(int(row["task"]), int(row["worker"])): int(row["label"]) - 1 for row in csv.DictReader(file)}
        tasks, people = sorted(truth), sorted({worker for _, worker in said})
        self.truth = [truth[task] for task in tasks]
        self.said = [[said[task, person] for person in people] for task in tasks]
        self.people = len(people)

    def family(self, kind, share, canaries, seed, rule):
        rng = random.Random(f"{kind} {share} {seed}")
        liars = set(rng.sample(range(self.people), round(share * self.people)))
        lie = [right ^ (rng.random() < 0.9) for right in self.truth]
        planted = rng.sample(range(len(self.truth)), len(self.truth))[:round(canaries * len(self.truth))]
        log = []
        for question, answers in enumerate(self.said):
            log.append(dict(enumerate(answers)))
            for i in liars:
                log[-1][i] = lie[question]
                if kind == "leaked" and question in planted:
                    log[-1][i] = self.truth[question]
                if kind == "noisy":
                    log[-1][i] ^= rng.random() < 0.15
                if kind == "joining" and rng.random() < 0.5:
                    log[-1][i] = answers[i]
        return calibration.Family("bluebird", self.people, 2, rule, {q: self.truth[q] for q in planted}, log)


def results_of(program, families):
    """(labels, decided) of each family."""
    with contextlib.redirect_stdout(io.StringIO()) as cases:
        for family in families:
            calibration.print_case(family)
    output = subprocess.run([program], input=cases.getvalue(), capture_output=True, text=True, check=True).stdout
    found = []
    for line in output.split("\n"):
        words = line.split()
        if words and words[0] == "result":
            found.append(([], []))
        if words and words[0] == "question":
            found[-1][0].append(int(words[1]))
            found[-1][1].append(words[2] == "1")
    return found


def mean(values):
    return sum(values) / len(values)


def measure(data, program, kind, share, canaries, seeds, rule):
    families = [data.family(kind, share, canaries, seed, rule) for seed in range(seeds)]
    right, decided, right_decided, majority = [], 0, 0, []
    for family, (labels, sure) in zip(families, results_of(program, families)):
        hits = [label == truth for label, truth in zip(labels, data.truth)]
        right.append(mean(hits))
        decided += sum(sure)
        right_decided += sum(hit and is_sure for hit, is_sure in zip(hits, sure))
        majority.append(mean([(2 * sum(answers.values()) > len(answers)) == truth
                              for answers, truth in zip(family.log, data.truth)]))
    spread = (mean([r * r for r in right]) - mean(right)**2)**0.5
    print(f"{kind:9} {share:6.2f} {canaries:9.2f} {mean(right):9.3f} {spread:7.3f} {min(right):6.3f} "
          f"{decided / len(right) / len(data.truth):8.3f} {right_decided / max(1, decided):8.3f} {mean(majority):9.3f}",
          flush=True)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    data, seeds = Bluebird(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else 10
    for rule, name in ((calibration.WEIGHED, "weighed"), (calibration.COUNTED, "counted")):
        print(f"\ncanaries {name}, {seeds} seeds\n"
              "liars      share  canaries  accuracy  spread  least  decided of them  majority")
        for canaries in (0, 0.10):
            measure(data, sys.argv[2], "coherent", 0, canaries, 1, rule)
        for kind in ("coherent", "leaked", "noisy", "joining"):
            for share in SHARES:
                for canaries in CANARIES:
                    if kind != "leaked" or canaries > 0:
                        measure(data, sys.argv[2], kind, share, canaries, seeds, rule)


if __name__ == "__main__":
    main()
