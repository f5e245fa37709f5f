"""Throughput and latency of a cluster of real members on this machine, durable, over TLS: figures, no verdict.

    bench/cluster.py [MEMBERS [SECONDS]]     CREDIMUS names the binary
"""
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "cluster"))
from cluster import Cluster, Refused  # noqa: E402

LINES = 4000


def bodies(question, member, first):
    """One ndjson body of LINES items whose encodings are about 150 bytes each."""
    pad = "seen at the gateway of the northern plant, sensor seven, second rack, rule 4711"
    return "\n".join(
        '{"question":"%s","observation":"%d/%d %.110s","observed_at":1700000000000000,"llr":"%s0.%03d"}'
        % (question, member, first + i, pad + "x" * 20, "-" * (i % 2), i // 2 % 1000)
        for i in range(LINES)).encode()


def throughput(cluster, seconds):
    question = cluster.members[0].ask(title=f"Load {time.time_ns()}", hypotheses=["yes", "no"], mode="pool", cap=1000, decide_at=49999)
    cluster.wait_until(lambda: all(m.show(question) for m in cluster.members), "every member knows the question")
    prepared = {m.number: [bodies(question, m.number, LINES * i) for i in range(max(4, int(seconds * 10)))] for m in cluster.members}
    accepted = [0] * len(cluster.members)
    stop = time.monotonic() + seconds

    def load(member):
        connection = member.connection()
        for body in prepared[member.number]:
            while time.monotonic() < stop:
                try:
                    member.request("POST", "/v1/evidence?ack=local", body, kind="application/x-ndjson", connection=connection)
                    accepted[member.number] += LINES
                    break
                except Refused as refused:
                    if refused.code not in (429, 503):
                        raise
                    time.sleep(0.02)

    began = time.monotonic()
    threads = [threading.Thread(target=load, args=(m,)) for m in cluster.members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(accepted)
    cluster.wait_until(lambda: cluster.members[0].show(question)["items"] == total, "everything is committed", 300)
    committed = time.monotonic() - began
    cluster.wait_until(lambda: all(m.status()["final_height"] == m.status()["height"] for m in cluster.members), "everything is final")
    final = time.monotonic() - began
    print(f"throughput: {total} items committed in {committed:.2f} s = {total / committed:,.0f} items/s; "
          f"all certified after {final:.2f} s")
    return total / committed


def latency(cluster, rounds=200):
    question = cluster.members[0].ask(title="Latency", hypotheses=["yes", "no"], mode="pool", cap=1000, decide_at=49999)
    cluster.wait_until(lambda: all(m.show(question) for m in cluster.members), "every member knows the question")
    taken = []
    for i in range(rounds):
        member = cluster.members[i % len(cluster.members)]
        connection = member.connection()
        connection.connect()
        start = time.monotonic()
        member.request("POST", "/v1/evidence?ack=final", {"question": question, "observation": f"l{i}", "llr": "0.1"}, connection=connection)
        taken.append((time.monotonic() - start) * 1000)
        time.sleep(0.02)
    taken.sort()
    print(f"latency, accepted to final, low load, {rounds} rounds: p50 {statistics.median(taken):.1f} ms, "
          f"p90 {taken[int(rounds * .9)]:.1f} ms, p99 {taken[int(rounds * .99)]:.1f} ms")


def reference():
    """What the disk gives: durable SQLite commits of one small row (WAL, synchronous=FULL), in the same run."""
    with tempfile.TemporaryDirectory() as directory:
        database = sqlite3.connect(os.path.join(directory, "t.db"), isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
        start, count = time.monotonic(), 0
        while time.monotonic() - start < 2:
            database.execute("INSERT INTO t (b) VALUES (zeroblob(200))")
            count += 1
        print(f"reference: {count / (time.monotonic() - start):,.0f} durable SQLite commits/s of 200 B on this disk, one at a time")


def main():
    members = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5
    reference()
    with Cluster(members) as cluster:
        latency(cluster)
        for _ in range(3):
            throughput(cluster, seconds)
        status = cluster.members[0].status()
        print(f"heights {status['height']}, one root: {len({m.status()['root'] for m in cluster.members}) == 1}")


main()
