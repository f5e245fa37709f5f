"""What an operator does with a member: the manager hears it, SIGHUP reloads it, its logs and its bundle tell no secret."""
import base64
import json
import os
import queue
import signal
import socket
import subprocess
import tarfile
import threading

from cluster import Cluster, Refused


def written_forms(member):
    """The keys' seeds and the token as somebody might write them down, and of each what must not be left of it."""
    seeds = []
    for name in ("key", "key.next"):
        if os.path.exists(os.path.join(member.directory, name)):
            with open(os.path.join(member.directory, name)) as file:
                seeds.append(bytes.fromhex(file.read().split()[1]))
    for secret in (*seeds, bytes.fromhex(member.token), member.token.encode()):
        for form in (secret, secret.hex().encode(), secret.hex().upper().encode()):
            yield form, form
        for before in (b"", b"x", b"xx"):  # base64 of something that has it at any place of a group of three
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                form = encode(before + secret + b"yyyy")
                yield form, form[8:36]


def tells_nothing(data, member, what):
    for _, piece in written_forms(member):
        assert piece not in data, f"{what} has a secret as {piece[:12]}..."


class Manager:
    """A socket in the place of the service manager's, read all the time: what finds its queue full is lost."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            self.heard.put(self.socket.recv(4096).decode())

    def hear_until(self, words):
        """The first of the messages from here on that has the words in it. The limit is a watchdog."""
        while True:
            message = self.heard.get(timeout=60)
            if words in message:
                return message.split("\n")


def start_under_manager(member, manager):
    member.log = open(os.path.join(member.directory, "log"), "ab")
    environment = {**os.environ, "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000"}
    member.process = subprocess.Popen([member.cluster.binary, "start", member.directory], stdout=member.log, stderr=member.log, env=environment)


def log_of(member):
    with open(os.path.join(member.directory, "log"), "rb") as file:
        return file.read()


def reload(member, manager, said):
    """One SIGHUP; the log must then have `said` behind what it had before."""
    before = len(log_of(member))
    member.process.send_signal(signal.SIGHUP)
    lines = manager.hear_until("RELOADING=1")
    assert any(line.startswith("MONOTONIC_USEC=") for line in lines), lines
    manager.hear_until("READY=1")
    new = log_of(member)[before:].decode().replace('\\"', '"')  # as text, whatever the format
    assert said in new, f"{said!r} is missing in:\n{new}"
    return new


def reloads(cluster, member, manager):
    reload(member, manager, "nothing has changed")
    member.configure(log_format="json", log_level="debug")
    reload(member, manager, '"log_level" of config.json has changed and counts from now on')
    question = member.ask(title="Is it loud?", hypotheses=["yes", "no"], mode="pool")
    assert question
    cluster.wait_until(lambda: b'"level":"debug","message":"executed height' in log_of(member), "events of level debug")
    # A bad file changes nothing and says so, with its line.
    with open(os.path.join(member.directory, "config.json"), "w") as file:
        file.write(json.dumps(member.config, indent=2).replace('"debug"', '"loud"'))
    new = reload(member, manager, "the old configuration stays in force")
    assert '"log_level" must be one of' in new and ", line " in new, new
    done = cluster.run("config", "check", member.directory, expect=1)
    assert "must be one of" in done and "genesis.json  ok" in done, done
    files = {f["file"]: f for f in json.loads(cluster.run("config", "check", member.directory, "--json", expect=1))["files"]}
    assert [name for name, f in files.items() if not f["ok"]] == ["config.json"] and files["key"]["detail"] == "", files
    # Nor does a genesis of another group, whatever else has changed with it.
    path = os.path.join(member.directory, "genesis.json")
    with open(path) as file:
        genesis = file.read()
    with open(path, "w") as file:
        file.write(genesis.replace('"testnet"', '"another"'))
    member.configure(log_level="error")
    reload(member, manager, "genesis.json is of another chain")
    with open(path, "w") as file:
        file.write(genesis)
    # What takes a restart is named, again with each reload; what does not, counts.
    old = member.config["api"]
    member.configure(api="127.0.0.1:1", log_format="text", log_level="info")
    for _ in range(2):
        reload(member, manager, '"api" of config.json has changed: it counts after a restart')
    member.configure(api=old)
    reload(member, manager, "nothing has changed")
    assert json.loads(cluster.run("config", "check", member.directory, "--json"))["ok"]
    rows = {r["name"]: r for r in json.loads(cluster.run("config", "show", member.directory, "--json"))}
    assert rows["api"]["value"] == old and rows["api"]["origin"] == "config.json:4" and rows["api"]["needs_restart"], rows
    assert rows["requests_per_second"]["origin"] == "default" and rows["token"]["value"] == "not shown, mode 0600", rows
    peers = list(member.config["peers"])
    member.configure(peers=peers[:-1] + ["localhost:1"])
    reload(member, manager, '"peers" of config.json has changed and counts from now on')
    member.configure(peers=peers)
    reload(member, manager, '"peers" of config.json has changed and counts from now on')
    cluster.settle()


def write_token(member, name, token):
    path = os.path.join(member.directory, name)
    with open(path, "w") as file:
        file.write(token + "\n")
    os.chmod(path, 0o600)


def code(member, token, question):
    """What a write with this token is answered. It says the same each time, which changes nothing from the second on."""
    try:
        member.request("POST", "/v1/evidence", {"question": question, "observation": "o", "llr": "1"}, token=token)
    except Refused as said:
        return said.code
    return 200


def tokens(cluster, member, manager):
    """Old tokens end and new ones count with the reload, also of clients that may do less; one that others can read is none."""
    question = member.ask(title="Who may write?", hypotheses=["a", "b"], mode="pool")
    codes = lambda *tokens: [code(member, token, question) for token in tokens]
    old, new = member.token, os.urandom(32).hex()
    writer, reader = os.urandom(32).hex(), os.urandom(32).hex()
    assert codes(old, new, writer) == [200, 401, 401]
    write_token(member, "token", new)
    write_token(member, "token-write", writer)
    write_token(member, "token-read", reader)
    reload(member, manager, "token-read has changed")
    assert codes(old, new, writer, reader) == [401, 200, 200, 403]
    os.chmod(os.path.join(member.directory, "token"), 0o644)
    write_token(member, "token-write", old)
    reload(member, manager, "chmod 600")
    assert codes(old, new, writer) == [401, 200, 200]
    os.chmod(os.path.join(member.directory, "token"), 0o600)
    os.unlink(os.path.join(member.directory, "token-write"))
    reload(member, manager, "token-write has changed")
    assert codes(new, writer) == [200, 401]
    member.token = new
    member.configure(requests_per_second=1)
    reload(member, manager, '"requests_per_second" of config.json has changed')
    assert 429 in codes(*[new] * 50)
    member.configure(requests_per_second=0)
    reload(member, manager, '"requests_per_second" of config.json has changed')
    cluster.wait_until(lambda: codes(new) == [200], "no limit for this machine again")
    return [old, writer, reader]


def bundle(cluster, member, log):
    path = os.path.join(cluster.directory, f"bundle-{len(os.listdir(cluster.directory))}.tar")
    said = cluster.run("debug", "bundle", member.directory, "-o", path, "--log", log, "--json")
    assert os.stat(path).st_mode & 0o777 == 0o600
    with open(path, "rb") as file:
        tells_nothing(file.read(), member, path)
    with tarfile.open(path) as archive:
        files = {os.path.basename(entry.name): archive.extractfile(entry).read() for entry in archive}
    cluster.run("debug", "bundle", member.directory, "-o", path, expect=1)  # never overwritten
    return json.loads(said), files


def bundles(cluster, member):
    cluster.run("key", "next", member.directory)
    said, files = bundle(cluster, member, os.path.join(member.directory, "log"))
    assert said["redacted"] == 0, said
    assert json.loads(files["status.json"])["member"] == member.number
    assert b"credimus_" in files["metrics.txt"] and b"is up: members at" in files["log.txt"]
    assert json.loads(files["config.json"]) == member.config and b"running" in files["ledger-check.txt"]
    assert b"credimus " in files["about.txt"] and b"ledger.db" in files["files.txt"]
    # A log that somebody wrote secrets into: they are found in each of their forms.
    leaky = os.path.join(cluster.directory, "leaky.log")
    with open(leaky, "wb") as file:
        file.write(b"before\n" + b"\n".join(form for form, _ in written_forms(member)) + b"\nafter\n")
    said, files = bundle(cluster, member, leaky)
    assert said["redacted"] >= len(list(written_forms(member))) and b"before" in files["log.txt"] and b"after" in files["log.txt"], said
    member.kill(signal.SIGTERM)
    said, files = bundle(cluster, member, os.path.join(member.directory, "log"))
    assert b": 0 findings" in files["ledger-check.txt"] and b"does not answer" in files["status.json"]
    done = cluster.run("debug", "bundle", os.path.join(cluster.directory, "nowhere"), expect=1)
    assert "is not a member's directory" in done, done


def main():
    with Cluster(4) as cluster:
        member = cluster.members[0]
        member.kill(signal.SIGTERM)
        manager = Manager(cluster.directory)
        start_under_manager(member, manager)
        manager.hear_until("READY=1")
        assert cluster.answers(member), "it serves before it says that it is ready"
        manager.hear_until("WATCHDOG=1")
        manager.hear_until("3 of 3 links up")
        reloads(cluster, member, manager)
        others = tokens(cluster, member, manager)
        for peer in cluster.members:
            tells_nothing(log_of(peer), peer, "the log")
        assert not any(token.encode() in log_of(member) for token in others), "the log has a token"
        bundles(cluster, member)
        manager.hear_until("STOPPING=1")
        print("the manager heard it, reloads counted or were refused by name, and no secret was told")


main()
