"""Bad input at the doors of a running member: each is refused with what and why, changes nothing, and the member goes on."""
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile

from cluster import Cluster, Refused


def refused(member, path, body, code, word, **more):
    try:
        answer = member.post(path, body, **more)
    except Refused as said:
        problem = json.loads(said.body)
        assert said.code == code, f"{path} {str(body)[:80]}: {said}, expected {code}"
        assert word in json.dumps(problem), f"{said} does not say {word}"
        assert problem["error"] and problem["detail"], said
        return problem
    raise AssertionError(f"{path} {str(body)[:80]} was taken: {answer}")


def knock(address, data):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as peer:
        try:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            peer.settimeout(5)
            while peer.recv(65536):
                pass
        except OSError:
            pass


def does_not_start(cluster, directory, word):
    done = subprocess.run([cluster.binary, "start", directory], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and word in done.stderr, f"{directory}: {done.returncode} {done.stderr}"


def bad_starts(cluster):
    """Directories that a member must not be started from: each ends by itself and says why."""
    m = cluster.members[0]
    does_not_start(cluster, m.directory, "ledger")  # its ledger is in use
    with tempfile.TemporaryDirectory() as other:
        group = os.path.join(other, "group")
        cluster.run("testnet", "new", group, "--members", "4", "--base-port", m.config["listen"].rsplit(":", 1)[1])
        does_not_start(cluster, os.path.join(group, "m0"), "in use")  # the ports are the running members'
        victim = cluster.members[2]
        victim.kill()
        own = os.path.join(group, "m2")
        for name in ("ledger.db", "ledger.db-wal"):
            if os.path.exists(os.path.join(victim.directory, name)):
                shutil.copy(os.path.join(victim.directory, name), own)
        does_not_start(cluster, own, "chain")  # a ledger of another chain
        os.chmod(os.path.join(victim.directory, "key"), 0o644)
        does_not_start(cluster, victim.directory, "chmod 600")  # a key that others can read
        os.chmod(os.path.join(victim.directory, "key"), 0o600)
        # A stranger: a member of another group that dials a port of this one.
        with open(os.path.join(own, "config.json")) as file:
            config = json.load(file)
        config["peers"] = cluster.members[0].config["peers"]
        config["listen"], config["api"] = victim.config["listen"], victim.config["api"]
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "config.json"):
            if os.path.exists(os.path.join(own, name)):
                os.remove(os.path.join(own, name))
        with open(os.path.join(own, "config.json"), "w") as file:
            json.dump(config, file)
        stranger = subprocess.Popen([cluster.binary, "start", own], stderr=subprocess.DEVNULL)
        cluster.wait_until(lambda: "another key" in open(os.path.join(cluster.members[1].directory, "log")).read(),
                           "the stranger is refused by name of the reason")
        stranger.kill()
        stranger.wait()
        victim.start()
        cluster.wait_until(lambda: cluster.answers(victim), "the real one answers again")


def main():
    with Cluster(4) as cluster:
        m = cluster.members[0]
        q = m.ask(title="Which of three?", hypotheses=["a", "b", "c"], mode="pool")
        two = m.ask(title="Which of two?", hypotheses=["a", "b"], mode="pool")
        item = {"question": two, "observation": "o", "llr": "1"}
        evidence = "/v1/evidence"
        refused(m, evidence, {**item, "question": "00" * 16}, 404, "UNKNOWN_QUESTION")
        refused(m, evidence, {**item, "llr": "0.0000000000001"}, 422, "TOO_FINE")
        refused(m, evidence, '{"question":"%s","observation":"o","llr":0.0000000000001}' % two, 422, "TOO_FINE")
        refused(m, evidence, {**item, "llr": "50.000000001"}, 422, "OVER_ITEM_LIMIT")
        refused(m, evidence, {**item, "question": q}, 422, "WRONG_HYPOTHESES")
        refused(m, evidence, {**item, "llr": "abc"}, 422, "NOT_A_NUMBER")
        refused(m, evidence, {**item, "llr": "NaN"}, 422, "NOT_A_NUMBER")
        refused(m, evidence, '{"question":"%s","observation":"o","llr":NaN}' % two, 422, "NOT_A_NUMBER")
        refused(m, evidence, '{"question":"%s","question":"%s","observation":"o","llr":1}' % (two, two), 409, "twice")
        lines = "\n".join([json.dumps({**item, "observation": "x1"}), json.dumps({**item, "observation": "x2"}), "{broken"])
        problem = refused(m, evidence, lines, 400, "", kind="application/x-ndjson")
        assert problem.get("line") == 3, problem
        m.post(evidence, {**item, "observation": "x1"})  # all or nothing: the good lines before were not kept
        assert m.post(evidence, {**item, "observation": "x1"})["duplicate"] is True
        refused(m, evidence, {**item, "observation": "x1", "llr": "-1"}, 409, "DUPLICATE_OBSERVATION")
        refused(m, evidence, item, 401, "UNAUTHORIZED", token=False)
        refused(m, evidence, item, 401, "UNAUTHORIZED", token="0" * 64)
        refused(m, evidence, b"x" * (17 * 1024 * 1024), 413, "TOO_LARGE")
        # The other door: garbage on the port of the peers.
        for data in (b"\x00" * 4096, b"GET / HTTP/1.1\r\n\r\n", os.urandom(8192), b"\x16\x03\x01\xff\xff" + b"A" * 70000):
            knock(m.config["listen"], data)
        bad_starts(cluster)
        m.post(evidence, item)
        cluster.settle()
        assert m.show(two)["items"] == 2
        # A flipped bit in the ledger is found at the next start.
        victim = cluster.members[3]
        victim.kill()
        path = os.path.join(victim.directory, "ledger.db")
        ledger = sqlite3.connect(path)
        ledger.execute("UPDATE body SET items = CAST(X'9f' || substr(items, 2) AS BLOB) WHERE batch = (SELECT min(batch) FROM body)")
        ledger.commit()
        ledger.close()
        broken = subprocess.run([cluster.binary, "start", victim.directory], capture_output=True, text=True, timeout=60)
        assert broken.returncode == 1, broken.stderr
        checked = subprocess.run([cluster.binary, "log", "--check", victim.directory], capture_output=True, text=True, timeout=60)
        assert checked.returncode == 1, checked.stdout
        # Recovery, as the message says: move it away, start again, catch up from the others.
        os.rename(path, path + ".broken")
        for extra in ("-wal", "-shm"):
            if os.path.exists(path + extra):
                os.remove(path + extra)
        victim.start()
        cluster.wait_until(lambda: cluster.answers(victim), "the recovered one answers")
        victim_tells = {**item, "observation": "after recovery"}
        # What it signed in its lane before is not all known: it votes, and writes nothing more under this key.
        cluster.wait_until(lambda: not victim.status()["recovering"], "the others have told what was signed")
        refused(victim, evidence, victim_tells, 503, "LANE_CLOSED")
        cluster.members[0].post(evidence, victim_tells)
        cluster.settle()
        print("every refusal named what and why; the members went on")


main()
