"""What one member's API answers: figures, no verdict.

    bench/api.py [SECONDS]     CREDIMUS names the binary; wrk must be installed

Four members run; one of them is asked. Its process is pinned to one core and wrk to another where there are two. The reference of the run is
the same server's smallest answer, GET /healthz.
"""
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "cluster"))
from cluster import Cluster, Refused  # noqa: E402

LINES, ROUNDS = 4000, 3


def wrk(member, path, seconds):
    """Requests a second, and the median latency, of 32 keep-alive connections."""
    url = f"http://{member.config['api']}{path}"
    command = ["taskset", "-c", str(os.cpu_count() - 1)] if os.cpu_count() > 1 else []
    said = subprocess.run([*command, "wrk", "-t1", "-c32", f"-d{seconds}s", "--latency", url], check=True, capture_output=True,
                          text=True).stdout
    if "Non-2xx" in said:
        sys.exit(f"bench/api.py: {path}: {said}")
    return float(re.search(r"Requests/sec:\s*([\d.]+)", said)[1]), re.search(r"50%\s+(\S+)", said)[1]


def cpu_seconds(member):
    with open(f"/proc/{member.process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def reads(member, what, path, seconds):
    rates, medians = [], []
    before, began = cpu_seconds(member), time.monotonic()
    for _ in range(ROUNDS):
        rate, median = wrk(member, path, seconds)
        rates.append(rate)
        medians.append(median)
    share = (cpu_seconds(member) - before) / (time.monotonic() - began)
    print(f"{what}: {statistics.median(rates):,.0f} requests/s ({min(rates):,.0f} .. {max(rates):,.0f}), median latency {medians[0]}, "
          f"{100 * share:.0f} % of a core")


def body_of(question, first):
    return "\n".join('{"question":"%s","observation":"%d","llr":"%s0.%03d"}' % (question, first + i, "-" * (i % 2), i // 2 % 1000)
                     for i in range(LINES)).encode()


def evidence(member, question, seconds, turn):
    """Nothing is said twice: a repetition would be answered and not written."""
    count = int(seconds * 60)
    bodies = [body_of(question, LINES * (turn * count + i)) for i in range(count)]
    accepted, lock, stop = [0], threading.Lock(), time.monotonic() + seconds

    def load():
        connection = member.connection()
        while time.monotonic() < stop:
            with lock:
                if not bodies:
                    return
                body = bodies.pop()
            while time.monotonic() < stop:
                try:
                    member.request("POST", "/v1/evidence?ack=local", body, kind="application/x-ndjson", connection=connection)
                    with lock:
                        accepted[0] += LINES
                    break
                except Refused as refused:
                    if refused.code not in (429, 503):
                        raise
                    time.sleep(0.01)

    threads = [threading.Thread(target=load) for _ in range(4)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.monotonic() - began
    print(f"evidence into one member, ndjson of {LINES} lines, durable before each answer: {accepted[0] / taken:,.0f} items/s")


def main():
    if shutil.which("wrk") is None:
        sys.exit("bench/api.py: wrk is missing; on Debian: apt-get install wrk")
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with Cluster(4) as cluster:
        member = cluster.members[0]
        os.sched_setaffinity(member.process.pid, {0})
        question = member.ask(title="Load", hypotheses=["yes", "no"], mode="pool", cap=1000, decide_at=49999)
        cluster.wait_until(lambda: all(m.show(question) for m in cluster.members), "every member knows the question")
        reads(member, "reference, GET /healthz", "/healthz", seconds)
        reads(member, "GET /v1/questions/ID", f"/v1/questions/{question}", seconds)
        for turn in range(ROUNDS):
            evidence(member, question, seconds, turn)


main()
