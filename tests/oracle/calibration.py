#!/usr/bin/env python3
"""Calibration (src/calibration/README.md) a second time: slow, plain, in Python's integers, and the text of its cases.

usage: tests/oracle/calibration.py infer    < cases > results
       tests/oracle/calibration.py vectors  > tests/vectors/calibration/cases.txt
       tests/oracle/calibration.py random SEED COUNT > cases

It shares no code with src/calibration and goes about copies differently: every pair has a table of its own. Numbers
with a Q are fixed point with 12 fractional bits; // and >> round down.

A case is a line "case NAME MEMBERS LABELS RULE", a line "canaries QUESTION:LABEL ...", then one line a question: a
character a member, its label as a digit of base 64, a full stop where it said nothing; then a line "end". The result is
what `print_result` prints. A file of vectors has the result of each case after it.
"""
import math
import random
import sys

ONE = 4096
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"

WEIGHED, COUNTED = 0, 1  # the rules for canaries
WINDOW = 64
NEAR = 2868
HOT = [(28, 12, 6), (14, 6, 6), (7, 3, 6), (2, 1, 12)]
END = [(2, 1, 6)]
COLD = [(2, 1, 30)]
LOW = [(7, 3, 6), (2, 1, 14)]
STARTS = ["global", "local", "cold", "low"]


# ---- Fixed point ----

def logarithm_of_mantissa(mantissa):
    """Twelve bits of log2(mantissa / 4096): a number of bits is doubled by a squaring."""
    scale = 1 << 30
    x, bits = mantissa * scale // ONE, 0
    for _ in range(12):
        x = x * x // scale
        bits *= 2
        if x >= 2 * scale:
            bits += 1
            x //= 2
    return bits


def powers_of_half():
    """2^16 * 2^(-f / 4096) for each f, as products of roots of one half."""
    scale = 1 << 60
    roots = [math.isqrt(scale * scale // 2)]
    while len(roots) < 12:
        roots.append(math.isqrt(roots[-1] * scale))
    table = []
    for f in range(ONE):
        x = scale
        for position, root in enumerate(roots):
            if f & (ONE >> (position + 1)):
                x = x * root // scale
        table.append(x // (scale >> 16))
    return table


LOGARITHMS = [logarithm_of_mantissa(ONE + i) for i in range(ONE)]
POWERS = powers_of_half()


def log2(x):
    exponent = x.bit_length() - 1
    return exponent * ONE + LOGARITHMS[x * ONE // 2**exponent - ONE]


def first_largest(values):
    return max(range(len(values)), key=lambda i: (values[i], -i))


def softmax(scores):
    top = first_largest(scores)
    weights = []
    for score in scores:
        halvings, fraction = divmod(scores[top] - score, ONE)
        weights.append(POWERS[fraction] // 2**halvings if halvings < 17 else 0)
    shares = [weight * ONE // sum(weights) for weight in weights]
    shares[top] += ONE - sum(shares)
    return shares


def clamp(value, low, high):
    return max(low, min(high, value))


# ---- A family ----

class Family:
    """log[question] is a dictionary of labels by member; canaries a dictionary of labels by question."""

    def __init__(self, name, members, labels, rule, canaries, log):
        self.name, self.members, self.labels, self.rule = name, members, labels, rule
        self.canaries, self.log = canaries, log
        self.reports = [sum(i in answers for answers in log) for i in range(members)]
        self.heads = [i for i in range(members) if self.reports[i] >= 8]


# ---- Copies ----

def agreement(table, labels):
    """phi of a pair, Q, from how often the first said a while the second said b, table[a, b]."""
    number = sum(table.values())
    rows = [sum(table.get((a, b), 0) for b in range(labels)) for a in range(labels)]
    columns = [sum(table.get((a, b), 0) for a in range(labels)) for b in range(labels)]
    equal = sum(table.get((a, a), 0) for a in range(labels))
    above_chance = number * equal - sum(r * c for r, c in zip(rows, columns))
    most = math.isqrt((number**2 - sum(r * r for r in rows)) * (number**2 - sum(c * c for c in columns)))
    if most == 0 or above_chance <= 0:
        return 0
    return min(ONE, above_chance * ONE // most) * number // (number + 2)


def eighth(phi):
    square = phi * phi // ONE
    fourth = square * square // ONE
    return fourth * fourth // ONE


class Stretch:
    """A part of the log in which pairs are compared."""

    def __init__(self, family, questions):
        tables = {}
        for question in questions:
            answers = sorted(family.log[question].items())
            for at, (i, a) in enumerate(answers):
                for j, b in answers[at + 1:]:
                    table = tables.setdefault((i, j), {})
                    table[a, b] = table.get((a, b), 0) + 1
        self.phi = {pair: agreement(table, family.labels) for pair, table in tables.items()}
        company = {i for pair in self.phi for i in pair}
        self.mass = {i: sum(eighth(phi) for pair, phi in self.phi.items() if i in pair) for i in company}
        self.near = {i: 1 + sum(phi >= NEAR for pair, phi in self.phi.items() if i in pair) for i in company}
        self.minority = {i for i in company if 2 * self.near[i] <= len(company)}


def groups(members, phi):
    group = list(range(members))
    changed = True
    while changed:
        changed = False
        for (i, j), value in phi.items():
            if value >= NEAR and group[i] != group[j]:
                group[i] = group[j] = min(group[i], group[j])
                changed = True
    return group


class Copies:
    """mass[question][member] is the local copy mass, voice[question][member] what the global discount leaves (Q)."""

    def __init__(self, family):
        whole = Stretch(family, range(len(family.log)))
        self.group = groups(family.members, whole.phi)
        self.discounted = [i in whole.minority for i in range(family.members)]
        self.mass, self.voice = [], []
        for start in range(0, len(family.log), WINDOW):
            window = range(start, min(start + WINDOW, len(family.log)))
            part = Stretch(family, window)
            phi = {pair: max(value, whole.phi[pair]) for pair, value in part.phi.items()}
            for question in window:
                answers = family.log[question]
                self.mass.append({i: self.local(answers, phi, i) for i in answers})
                self.voice.append({i: self.share(max([s.mass[i] for s in (whole, part) if i in s.minority], default=0))
                                   for i in answers})

    @staticmethod
    def share(mass):
        return ONE * ONE // (ONE + mass)

    @staticmethod
    def local(answers, phi, i):
        others = {j: phi[min(i, j), max(i, j)] for j in answers if j != i}
        if 2 * (1 + sum(value >= NEAR for value in others.values())) > len(answers):
            return 0
        return sum(eighth(value) for j, value in others.items() if answers[j] == answers[i])


# ---- Inference ----

def vote(family, weights, counted):
    belief = []
    for answers, weight in zip(family.log, weights):
        votes = [sum(weight[i] for i, said in answers.items() if said == label and i in counted)
                 for label in range(family.labels)]
        total = sum(votes)
        belief.append([v * ONE // total if total else ONE // family.labels for v in votes])
    return belief


def confusion(family, belief):
    """table[member][said][right], Q."""
    tables = [[[0] * family.labels for _ in range(family.labels)] for _ in range(family.members)]
    for answers, shares in zip(family.log, belief):
        for i, said in answers.items():
            for right, share in enumerate(shares):
                tables[i][said][right] += share
    return tables


def column(table, right):
    return sum(row[right] for row in table)


def evidence(family, belief, right, wrong):
    """bits[member][said][label], Q, with `right` pseudo-counts on the diagonal and `wrong` beside it."""
    labels = range(family.labels)
    beside = wrong * ONE // (family.labels - 1)
    bits = []
    for table in confusion(family, belief):
        whole = [log2(column(table, c) + right * ONE + (family.labels - 1) * beside) for c in labels]
        bits.append([[log2(table[l][c] + (right * ONE if l == c else beside)) - whole[c] for c in labels]
                     for l in labels])
    return bits


def prior(family, belief):
    return [log2(sum(shares[c] for shares in belief) + ONE) * ONE for c in range(family.labels)]


def refine(family, belief, weights, schedule):
    for right, wrong, rounds in schedule:
        for _ in range(rounds):
            bits, start, following = evidence(family, belief, right, wrong), prior(family, belief), []
            for answers, weight in zip(family.log, weights):
                scores = [start[c] + sum(weight[i] * bits[i][said][c] for i, said in answers.items())
                          for c in range(family.labels)]
                following.append(softmax([score // ONE for score in scores]))
            if following == belief:
                break
            belief = following
    return belief


def skills(family, belief):
    result = []
    for table in confusion(family, belief):
        everything = max(1, sum(map(sum, table)))
        recalls = 0
        for c in range(family.labels):
            by_chance = 2 * ONE * sum(table[c]) // everything
            recalls += (table[c][c] + by_chance) * ONE // (column(table, c) + 2 * ONE)
        result.append((recalls - ONE) // (family.labels - 1))
    return result


# ---- The reported posterior ----

class Tempered:
    def __init__(self, family, belief, mass):
        self.skill = skills(family, belief)
        self.rho = self.common_error(family, belief, mass)
        bits, start = evidence(family, belief, 2, 1), prior(family, belief)
        self.posterior, self.above = [], []
        for answers, masses in zip(family.log, mass):
            above, below = list(start), [0] * family.labels
            for i, said in answers.items():
                weight = ONE * ONE // (ONE + self.rho * (len(answers) - 1) + masses[i])
                side = above if self.skill[i] >= 0 else below
                for c in range(family.labels):
                    side[c] += weight * bits[i][said][c]
            floor = max(below) - 3 * ONE * ONE
            self.posterior.append(softmax([(a + max(b, floor)) // ONE for a, b in zip(above, below)]))
            self.above.append(softmax([a // ONE for a in above]))
        self.label = [first_largest(shares) for shares in self.posterior]

    def common_error(self, family, belief, mass):
        tables = confusion(family, belief)
        recall = [[(t[c][c] + ONE) * ONE // (column(t, c) + family.labels * ONE) for c in range(family.labels)]
                  for t in tables]
        errors = spreads = 0
        for answers, masses, shares in zip(family.log, mass, belief):
            label = first_largest(shares)
            good = [i for i in answers if self.skill[i] >= 0 and 4 * masses[i] < ONE]
            error = [ONE * (answers[i] == label) - recall[i][label] for i in good]
            spread = [math.isqrt(recall[i][label] * (ONE - recall[i][label])) for i in good]
            errors += sum(error)**2 - sum(e * e for e in error)
            spreads += sum(spread)**2 - sum(s * s for s in spread)
        return clamp(errors * ONE // spreads, 0, ONE // 4) if spreads > 0 else 0


# ---- Choice ----

class Candidate:
    def __init__(self, family, copies, start, mirrored, belief):
        self.start, self.mirrored = start, mirrored
        belief = [shares[::-1] for shares in belief] if mirrored else belief
        first = Tempered(family, belief, copies.mass)
        self.tempered = Tempered(family, first.posterior, copies.mass)
        head = {i: clamp(first.skill[i] * ONE // 819, -ONE, ONE) for i in family.heads}
        voice = {i: copies.mean_voice[i] for i in family.heads}
        self.plain = sum(head.values()) // max(1, len(head))
        self.by_voice = sum(head[i] * voice[i] for i in head) // max(1, sum(voice.values()))
        self.heads = (self.plain + self.by_voice) // 2
        self.mass = sum(abs(value) for value in head.values())
        self.head_score = clamp(self.heads, -ONE // 2, ONE // 2) * 2

    def set_score(self, rule, canaries):
        above = self.tempered.above
        if rule == COUNTED:
            hits = sum(first_largest(above[q]) == right for q, right in canaries.items())
            self.score = self.head_score + hits * ONE // 2
        else:
            bits = sum(max(-4 * ONE, log2(max(1, above[q][right])) - log2(ONE)) for q, right in canaries.items())
            self.score = self.head_score + bits // 8


def leaked(family, skill):
    """Whether members above and below chance agree on canaries more often than elsewhere, by 3 standard deviations."""
    met, agreed = {True: 0, False: 0}, {True: 0, False: 0}
    for question, answers in enumerate(family.log):
        sides = [[sum(said == c and (skill[i] < 0) == low for i, said in answers.items())
                  for c in range(family.labels)] for low in (False, True)]
        if sum(sides[0]) and sum(sides[1]):
            met[question in family.canaries] += 1
            agreed[question in family.canaries] += first_largest(sides[0]) == first_largest(sides[1])
    a, b = agreed[False] + 1, met[False] + 2
    x = agreed[True] * b - met[True] * a
    return x > 0 and 4 * x * x > 9 * (4 * met[True] * a * (b - a) + b * b)


def overconfident(above, canaries):
    sure = {q: max(above[q]) for q in canaries}
    gap = sum(sure.values()) - ONE * sum(first_largest(above[q]) == right for q, right in canaries.items())
    variance = sum(p * (ONE - p) for p in sure.values()) // ONE
    return gap > 0 and gap * gap > 9 * ONE * (variance + ONE // 4)


def tell_stories(family, copies):
    local = [{i: Copies.share(mass) for i, mass in masses.items()} for masses in copies.mass]
    everybody = range(family.members)
    start = refine(family, vote(family, copies.voice, everybody), copies.voice, HOT)
    stories = {"global": refine(family, start, local, END)}
    skill = skills(family, stories["global"])
    low = sorted(family.heads, key=lambda i: (skill[i], i))[:len(family.heads) // 2]
    stories["local"] = refine(family, vote(family, local, everybody), local, HOT)
    stories["cold"] = refine(family, vote(family, local, everybody), local, COLD)
    stories["low"] = refine(family, vote(family, local, low), local, LOW)
    return stories


class Inference:
    def __init__(self, family):
        self.copies = copies = Copies(family)
        total = [sum(voice.get(i, 0) for voice in copies.voice) for i in range(family.members)]
        copies.mean_voice = [t // reports if reports else 0 for t, reports in zip(total, family.reports)]
        stories = tell_stories(family, copies)
        order = list(STARTS)
        apart = sum(first_largest(a) != first_largest(b) for a, b in zip(stories["global"], stories["local"]))
        if 32 * apart <= len(family.log):
            order[:2] = ["local", "global"]
        self.first_skill = skills(family, stories[order[0]])
        self.leak = leaked(family, self.first_skill)
        canaries = {} if self.leak else family.canaries
        self.candidates = [Candidate(family, copies, start, mirrored, stories[start])
                           for mirrored in ((False, True) if family.labels == 2 else (False,)) for start in order]
        self.choose(family, canaries)

    def choose(self, family, canaries):
        for candidate in self.candidates:
            candidate.set_score(family.rule, canaries)
        largest = max(candidate.mass for candidate in self.candidates)
        self.kept = [candidate for candidate in self.candidates if 2 * candidate.mass >= largest]
        self.best = first_largest([candidate.score for candidate in self.kept])
        self.winner = winner = self.kept[self.best]
        self.alarm = overconfident(winner.tempered.above, canaries)
        rivals = [candidate for candidate in self.kept if winner.score - candidate.score < ONE]
        self.decided = []
        for question, answers in enumerate(family.log):
            said = list(answers.values())
            clear = said and (not self.alarm or 4 * max(said.count(label) for label in set(said)) >= 3 * len(said))
            self.decided.append(bool(clear) and all(rival.tempered.label[question] == winner.tempered.label[question]
                                                    for rival in rivals))


# ---- Text ----

def read_cases(file):
    cases = []
    for line in file:
        words = line.split()
        if not words or words[0] != "case":
            continue
        name, members, labels, rule = words[1], int(words[2]), int(words[3]), int(words[4])
        pairs = [word.split(":") for word in next(file).split()[1:]]
        log = []
        while (line := next(file).strip()) != "end":
            log.append({i: DIGITS.index(digit) for i, digit in enumerate(line) if digit != "."})
        cases.append(Family(name, members, labels, rule, {int(q): int(label) for q, label in pairs}, log))
    return cases


def print_case(family):
    print("case", family.name, family.members, family.labels, family.rule)
    print(" ".join(["canaries"] + [f"{q}:{label}" for q, label in sorted(family.canaries.items())]))
    for answers in family.log:
        print("".join(DIGITS[answers[i]] if i in answers else "." for i in range(family.members)))
    print("end")


def print_result(family):
    found = Inference(family)
    winner = found.winner
    print("result", family.name, found.best, int(found.alarm), int(found.leak))
    for c in found.candidates:
        print("candidate", c.start, int(c.mirrored), int(c in found.kept), c.score, c.heads, c.plain, c.by_voice,
              c.tempered.rho, c.mass)
    print("skill", *winner.tempered.skill)
    print("first", *found.first_skill)
    print("voice", *found.copies.mean_voice)
    print("group", *found.copies.group)
    print("discounted", *map(int, found.copies.discounted))
    for question in range(len(family.log)):
        shares = ["".join(f"{share:04x}" for share in belief[question])
                  for belief in (winner.tempered.posterior, winner.tempered.above)]
        print("question", winner.tempered.label[question], int(found.decided[question]), *shares)
    print("done")


# ---- Random families ----

class World:
    """A random family: honest members of several skills, and liars who tell one story."""

    def __init__(self, rng, members, labels, questions):
        self.rng, self.members, self.labels = rng, members, labels
        self.truth = [rng.randrange(labels) for _ in range(questions)]
        self.lie = [(right + 1 + rng.randrange(labels - 1)) % labels for right in self.truth]
        self.skill = [rng.choice([0.2, 0.5, 0.6, 0.7, 0.8, 0.95]) for _ in range(members)]
        self.liars = set()
        self.lying = 0.9
        self.noise = 0.0
        self.density = 1.0
        self.empty = 0.0
        self.canaries = {}
        self.known_canaries = False
        self.wrong = [rng.random() < 0.9 for _ in self.truth]

    def collude(self, share, lying=0.9, noise=0.0):
        self.liars = set(self.rng.sample(range(self.members), int(share * self.members)))
        self.wrong = [self.rng.random() < lying for _ in self.truth]
        self.noise = noise
        return self

    def plant(self, share, known=False, wrong=0.0):
        for question, right in enumerate(self.truth):
            if self.rng.random() < share:
                right = self.rng.randrange(self.labels) if self.rng.random() < wrong else right
                self.canaries[question] = right
        self.known_canaries = known
        return self

    def answer(self, member, question):
        right = self.truth[question]
        if member in self.liars and self.rng.random() >= self.noise:
            if self.known_canaries and question in self.canaries:
                return right
            return self.lie[question] if self.wrong[question] else right
        return right if self.rng.random() < self.skill[member] else self.rng.randrange(self.labels)

    def family(self, name, rule=0):
        log = []
        for question in range(len(self.truth)):
            silent = self.rng.random() < self.empty
            log.append({} if silent else {i: self.answer(i, question) for i in range(self.members)
                                          if self.rng.random() < self.density})
        return Family(name, self.members, self.labels, rule, self.canaries, log)


def random_family(seed):
    rng = random.Random(seed)
    labels = rng.choice([2, 2, 2, 3, 5, 7, 64])
    members = rng.choice([1, 2, 3, 4, 5, 8, 12, 15, 20])
    world = World(rng, members, labels, rng.choice([0, 1, 5, 20, 63, 64, 65, 100]))
    world.density = rng.choice([1, 1, 0.9, 0.5, 0.2, 0.05])
    world.empty = rng.choice([0, 0.05])
    world.collude(rng.choice([0, 0, 0.25, 0.33, 0.5, 0.67]), rng.choice([1, 0.9, 0.6]), rng.choice([0, 0, 0.15]))
    world.plant(rng.choice([0, 0, 0.05, 0.1, 0.5]), rng.random() < 0.3, 0.05)
    return world.family(f"random-{seed}", rng.randrange(2))


# ---- Vectors ----

def vector_families():
    """One of each situation that the code treats apart; small, for they are read as text."""
    def world(seed, members, labels, questions, **settings):
        result = World(random.Random(seed), members, labels, questions)
        for name, value in settings.items():
            setattr(result, name, value)
        return result

    yield world(1, 9, 2, 40).family("honest")
    yield world(2, 15, 2, 70).collude(0.34).family("colluders")
    yield world(3, 15, 2, 70).collude(0.67).family("colluders_are_the_majority")
    yield world(4, 20, 2, 66).collude(0.49).plant(0.1).family("colluders_and_canaries")
    yield world(4, 20, 2, 66).collude(0.49).plant(0.1).family("colluders_and_canaries_counted", COUNTED)
    yield world(5, 20, 2, 66).collude(0.4).plant(0.3, known=True).family("canaries_leaked")
    yield world(6, 12, 2, 64).collude(0.34, noise=0.15).family("noisy_copies")
    yield world(7, 9, 2, 40).plant(1, wrong=1).family("canaries_contradict")
    yield world(8, 9, 3, 40).collude(0.34).family("three_labels")
    yield world(9, 12, 5, 40).collude(0.34).plant(0.2).family("five_labels")
    yield world(10, 4, 64, 20).family("sixty_four_labels")
    yield world(11, 40, 2, 65, density=0.1, empty=0.1).family("sparse")
    yield world(12, 10, 3, 130, density=0.04, empty=0.3).family("few_reports")
    yield world(13, 8, 2, 40, skill=[1] * 8).family("all_alike")
    yield world(14, 6, 2, 0).family("no_questions")
    yield world(15, 5, 2, 3, density=0).plant(1).family("no_answers")
    yield world(16, 1, 2, 12).family("one_member")
    tie = [{i: (i + question) % 2 for i in range(4)} for question in range(12)]
    yield Family("ties", 4, 2, 0, {0: 1, 1: 0}, tie)
    yield Family("always_the_same_label", 5, 3, 0, {}, [{i: 2 for i in range(5)}] * 10)
    # Found by search: every start wins somewhere, as itself and mirrored; candidates dropped, alarms, leaks, close rivals.
    for seed in (114, 204, 286, 503, 585, 614, 906, 1462, 1897, 2084, 2701, 2885):
        yield random_family(seed)


def main():
    commands = {
        "infer": lambda: [print_result(family) for family in read_cases(sys.stdin)],
        "vectors": lambda: [show(family) for family in vector_families() for show in (print_case, print_result)],
        "random": lambda: [print_case(random_family(int(sys.argv[2]) + i)) for i in range(int(sys.argv[3]))],
    }
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()


if __name__ == "__main__":
    main()
