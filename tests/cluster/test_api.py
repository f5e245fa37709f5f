"""The API of a running member, as a client sees it: repetition across a restart, events, crowds of idle and deaf clients, metrics that promtool accepts."""
import http.client
import json
import resource
import shutil
import socket
import subprocess

from cluster import Cluster, Refused

STREAMS = 10000
IDLE = 3000


def allow_files(wanted):
    """How many files this process may open, as many as `wanted` if it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(soft, most)


def address(member):
    host, port = member.config["api"].rsplit(":", 1)
    return host, int(port)


def refusal_of(call):
    try:
        call()
    except Refused as refused:
        return refused.code, json.loads(refused.body)
    raise AssertionError("it was not refused")


def header_of(member, path, **headers):
    connection = member.connection()
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


class Stream:
    """One open stream of events."""

    def __init__(self, member, path="/v1/events", last=None):
        self.connection = member.connection()
        self.connection.request("GET", path, headers={"Last-Event-ID": last} if last else {})
        self.response = self.connection.getresponse()

    def next(self):
        """(id, type, data) of the next event; comments are stepped over."""
        fields = {}
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if line == "" and "data" in fields:
                return fields["id"], fields["event"], json.loads(fields["data"])
            if line == "":
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value

    def close(self):
        self.connection.close()


def check_repetition(member, question):
    """Told, told again, and told once more after the member was killed: three times the same place."""
    item = {"question": question, "observation": "rain", "llr": "1.5", "content": "wet"}
    first = member.post("/v1/evidence?ack=final", item)
    assert first["accepted"] == 1 and first["duplicate"] is False, first
    second = member.post("/v1/evidence?ack=final", item)
    place = (first["seq"], first["index"])
    assert second["duplicate"] is True and second["accepted"] == 0 and (second["seq"], second["index"]) == place, second
    member.kill()
    member.start()
    Cluster.wait_until(lambda: member.get("/readyz"), "the member is back")
    third = None

    def told_again():
        nonlocal third
        third = member.post("/v1/evidence?ack=final", item)
        return True

    # Refused as busy while the lane is read back.
    Cluster.wait_until(told_again, "what it told before is known again")
    assert third["duplicate"] is True and (third["seq"], third["index"]) == place, third
    code, refused = refusal_of(lambda: member.post("/v1/evidence", {**item, "llr": "1.6"}))
    assert code == 409 and refused["error"] == "DUPLICATE_OBSERVATION" and "something else" in refused["detail"], refused
    assert member.show(question)["items"] == 1


def check_events(member, other, question):
    """What another member tells is heard here, and a stream that was broken off goes on where it was."""
    stream = Stream(member, "/v1/events?types=posterior")
    assert stream.response.status == 200 and stream.response.getheader("Content-Type") == "text/event-stream"
    other.post("/v1/evidence?ack=committed", {"question": question, "observation": "clouds", "llr": 1})
    last, kind, data = stream.next()
    while data["question"] != question:
        last, kind, data = stream.next()
    assert kind == "posterior" and len(data["probabilities"]) == 2, data
    stream.close()
    other.post("/v1/close?ack=final", {"question": question})
    stream = Stream(member, "/v1/events?types=verdict", last)
    missed, kind, data = stream.next()
    assert kind == "verdict" and data["question"] == question, data
    assert missed.split("-")[0] == last.split("-")[0] and int(missed.split("-")[1]) > int(last.split("-")[1])
    stream.close()
    gap = Stream(member, "/v1/events", "0-1")
    assert gap.next()[1] == "gap"
    gap.close()


def check_tags(member, question):
    first = header_of(member, f"/v1/questions/{question}")
    again = header_of(member, f"/v1/questions/{question}", **{"If-None-Match": first.getheader("ETag")})
    assert (first.status, again.status) == (200, 304), (first.status, again.status)


def check_lanes(members):
    """What the lanes say links up: each batch to the one before it, and to batches of others that are known by the same hash."""
    question = members[0].ask(title="Who saw whom?", hypotheses=["yes", "no"], mode="pool")
    for member in members:
        member.post("/v1/evidence?ack=committed", {"question": question, "observation": f"by {member.number}", "llr": 1})
    told = members[0].get(f"/v1/questions/{question}/evidence")["evidence"]
    assert [t["member"] for t in told] == [m.number for m in members] and all(t["llr"] == 1 for t in told), told
    lanes = members[0].get("/v1/lanes?limit=64")["lanes"]
    hashes = {(b["member"], b["seq"]): b["hash"] for lane in lanes for b in lane["batches"]}
    links = 0
    for lane in lanes:
        for batch in lane["batches"]:
            before = hashes.get((batch["member"], batch["seq"] - 1))
            assert before in (None, batch["prev"]), batch
            for dep in batch["deps"]:
                assert hashes.get((dep["member"], dep["seq"]), dep["hash"]) == dep["hash"], batch
                links += 1
    assert links > 0 and len(lanes) == len(members)


def check_idle_crowd(member, others):
    """Thousands of connections that say nothing, or begin and do not go on: requests are answered, and the group goes on."""
    files = allow_files(IDLE + 256)
    crowd = []
    for i in range(min(IDLE, files - 256)):
        client = socket.create_connection(address(member), timeout=30)
        client.sendall([b"", b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"POST /v1/evidence HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"][i % 3])
        crowd.append(client)
    question = member.ask(title="Does it answer still?", hypotheses=["yes", "no"], mode="pool")
    member.post("/v1/evidence?ack=final", {"question": question, "observation": "here", "llr": 1})
    assert others[0].show(question)["items"] == 1
    for client in crowd:
        client.close()
    return len(crowd)


def check_stream_crowd(member):
    """As many streams as are served, and the next one refused in so many words; each of them hears of the next question."""
    files = allow_files(STREAMS + 512)
    request = b"GET /v1/events?types=verdict HTTP/1.1\r\nHost: localhost\r\n\r\n"
    crowd, refused = [], None
    while len(crowd) <= STREAMS and len(crowd) < files - 256:
        client = socket.create_connection(address(member), timeout=60)
        client.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            assert piece, f"stream {len(crowd)} was cut off"
            head += piece
        if b" 200 OK" in head.split(b"\r\n")[0]:
            crowd.append(client)
            continue
        assert b" 503 " in head.split(b"\r\n")[0] and b"\r\nRetry-After: " in head, head
        refused = len(crowd)
        client.close()
        break
    assert refused is not None or len(crowd) >= files - 256, len(crowd)
    question = member.ask(title="Do all of them hear?", hypotheses=["yes", "no"], mode="pool")
    member.post("/v1/close?ack=committed", {"question": question})
    for client in crowd:
        heard = b""
        while b"event: verdict" not in heard:
            piece = client.recv(4096)
            assert piece, "a stream ended before the verdict came"
            heard += piece
    # One that was left before is only noticed with the next thing that is written to it.
    counted = [line for line in member.get("/metrics").decode().splitlines() if line.startswith("credimus_http_streams ")]
    assert int(counted[0].split()[1]) >= len(crowd), counted
    for client in crowd:
        client.close()
    return len(crowd), refused


def check_metrics(member):
    text = member.get("/metrics").decode()
    assert "credimus_http_items_repeated_total 0\n" not in text, "repetitions are counted"
    if shutil.which("promtool") is None:
        print("promtool is not installed (Debian's package prometheus): the metrics are not checked by it")
        return
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def check_roles(member):
    """Whoever has no token may read from this machine and nothing else."""
    for path, body in (("/v1/evidence", {}), ("/v1/questions", {}), ("/v1/families/f/close", "")):
        code, refused = refusal_of(lambda: member.post(path, body, token=False))
        assert code == 401 and refused["type"] == "/v1/problems/UNAUTHORIZED" and refused["instance"] == path, refused
    assert member.request("GET", "/v1/status", token=False)["member"] == member.number


def main():
    with Cluster(4) as cluster:
        first, second, *others = cluster.members
        question = first.ask(title="Is it raining?", hypotheses=["yes", "no"], mode="pool")
        check_repetition(first, question)
        check_events(second, first, question)
        check_tags(first, question)
        cluster.settle()
        check_lanes(cluster.members)
        check_roles(first)
        check_metrics(first)
        idle = check_idle_crowd(first, others)
        streams, refused = check_stream_crowd(second)
        cluster.settle()
        print(f"{idle} idle connections; {streams} streams, {'the next one refused' if refused else 'none refused'}")


main()
