#!/usr/bin/env python3
"""Writes tests/vectors/exchange/logarithm.txt: natural logarithms of ratios, by Python's decimal with 80 digits.

usage: tests/oracle/logarithm.py > tests/vectors/exchange/logarithm.txt

A line is two positive integers a and b below 2^120 and ln(a / b) in thousandths of a quantum (1e-12 nat), to nearest.
"""
import decimal
import random

SEED = 20261122


def main():
    decimal.getcontext().prec = 80
    draw = random.Random(SEED)
    pairs = [(1, 1), (2, 1), (1, 2), (10**18, 1), (10**18 - 1, 10**18), (10**18, 10**18 - 1), (2**119 + 1, 2**119),
             (2**120 - 1, 1), (3, 2), (1, 3), (10**9 + 1, 10**9), (2**63, 2**63 - 1), (2**64, 2**64 - 1), (2**64 + 1, 2**64)]
    pairs += [(50, 25), (2, 20), (40, 10), (30, 5), (30, 15)]
    for _ in range(1200):
        pairs.append((draw.randrange(1, 2**draw.randrange(1, 121)), draw.randrange(1, 2**draw.randrange(1, 121))))
    for _ in range(400):  # nearly equal
        a = draw.randrange(2**60, 2**120)
        pairs.append((a, a + draw.randrange(-1000, 1000) * draw.randrange(1, a >> 40)))
    print(f"# tests/oracle/logarithm.py, seed {SEED}: a b ln(a/b) * 1e12")
    for a, b in pairs:
        value = (decimal.Decimal(a).ln() - decimal.Decimal(b).ln()) * 10**12
        print(a, b, int(value.to_integral_value()))


if __name__ == "__main__":
    main()
