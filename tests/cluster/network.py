"""Members on hosts of their own, as far as the network goes: a namespace each, joined by veth pairs and one bridge, with nftables in every
namespace for what a network does to people. Standard library, iproute2, nftables and util-linux.

A program that calls `enter` runs inside namespaces of its own for network, mounts and processes. Whatever it makes there (namespaces,
links, rules, mounts, members) ends with it, however it ends: the system takes it back, and nothing is left to clean up. An ordinary
user may do this where the system allows user namespaces; else it takes root.

The program itself stands beside the bridge, and no rule ever applies to it: it talks to the API of every member, cut off or not."""
import errno
import json
import os
import shutil
import signal
import subprocess
import sys

from cluster import SKIPPED, Cluster

INSIDE = "CREDIMUS_INSIDE_NAMESPACES"
TOOLS = {"unshare": "util-linux", "nsenter": "util-linux", "mount": "mount", "prlimit": "util-linux", "ip": "iproute2", "nft": "nftables"}
SUBNET = "10.77.0"
PORT, API_PORT = 7100, 8100
# Where these tests are shorter in `make check` than they should be for a release; `make cluster-long` sets it.
LONG = "CREDIMUS_LONG" in os.environ


def skip(reason):
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def call(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def enter():
    """Runs this program again inside namespaces of its own; returns there. Skips where the machine has no such thing, and says what."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.environ.pop(INSIDE, None) is not None:
        prepare()
        return
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            skip(f"{tool} is missing (package {package})")
    as_user = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *as_user, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    probe = subprocess.run([*command, "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        skip(f"this takes namespaces for network, mounts and processes, so root or user namespaces ({probe.stderr.strip()})")
    os.environ[INSIDE] = "yes"
    sys.stdout.flush()
    os.execvp("unshare", [*command, sys.executable, *sys.argv])


def prepare():
    def stop(number, _):
        sys.exit(128 + number)
    # The first process of a namespace has no defaults for these, and who runs in the background may have inherited that they are ignored.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        # Names of namespaces and what libfaketime leaves behind belong to this program alone.
        call("mount", "-t", "tmpfs", "tmpfs", "/run")
        call("mount", "-t", "tmpfs", "tmpfs", "/dev/shm")
        os.mkdir("/run/netns")
        call("ip", "link", "set", "lo", "up")
        call("ip", "link", "add", "hub", "type", "bridge")
        call("ip", "address", "add", f"{SUBNET}.254/24", "dev", "hub")
        call("ip", "link", "set", "hub", "up")
        call("ip", "link", "add", "probe", "type", "veth", "peer", "name", "eborp")
        call("ip", "link", "delete", "probe")
    except RuntimeError as missing:
        skip(f"the kernel has no bridge, veth or tmpfs for a namespace of its own ({missing})")
    try:
        call("nft", "-f", "-", text=ruleset(["numgen random mod 1000 < 1 drop", "limit rate over 1 kbytes/second drop"]))
        call("nft", "delete", "table", "inet", "faults")
    except RuntimeError as missing:
        skip(f"the kernel has no nftables with numgen and limit for a namespace of its own ({missing})")


def ruleset(rules):
    """Replaces what there was, in one step."""
    chain = "".join(f"    {rule}\n" for rule in rules)
    return ("table inet faults\ndelete table inet faults\ntable inet faults {\n  chain arriving {\n"
            f"    type filter hook input priority 0\n{chain}  }}\n}}\n")


def address(member):
    return f"{SUBNET}.{member + 1}"


def inside(member, *command):
    return ["nsenter", f"--net=/run/netns/m{member}", *command]


def fill(directory):
    """To the last byte, while the member writes there as well."""
    with open(os.path.join(directory, "ballast"), "ab", buffering=0) as ballast:
        for piece_bytes in (1 << 20, 4 << 10, 1):
            try:
                while True:
                    ballast.write(bytes(piece_bytes))
            except OSError as full:
                if full.errno != errno.ENOSPC:
                    raise


class Network:
    """Namespaces m0, m1, ... on the bridge. A rule belongs to a direction: it applies to what `receiver` gets from `sender`."""

    DROP = "drop"

    def __init__(self, members):
        self.members = range(members)
        self.rules = {}
        for m in self.members:
            name, link = f"m{m}", f"v{m}"
            call("ip", "netns", "add", name)
            call("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
            call("ip", "link", "set", link, "master", "hub", "up")
            call("ip", "-n", name, "-batch", "-", text=f"address add {address(m)}/24 dev eth0\nlink set eth0 up\nlink set lo up\n")

    def close(self):
        for m in self.members:
            subprocess.run(["ip", "netns", "delete", f"m{m}"], capture_output=True)
            subprocess.run(["ip", "link", "delete", f"v{m}"], capture_output=True)

    @staticmethod
    def loss(percent):
        return f"numgen random mod 1000 < {round(percent * 10)} drop"

    @staticmethod
    def rate(kilobytes_a_second):
        return f"limit rate over {kilobytes_a_second} kbytes/second burst 16 kbytes drop"

    def shape(self, rule, pairs):
        """`rule` for each (sender, receiver); None takes rules away. Other pairs keep theirs."""
        pairs = list(pairs)
        for pair in pairs:
            self.rules.pop(pair, None)
            if rule is not None:
                self.rules[pair] = rule
        for receiver in sorted({r for _, r in pairs}):
            lines = [f"ip saddr {address(s)} {rule}" for (s, r), rule in sorted(self.rules.items()) if r == receiver]
            call(*inside(receiver, "nft", "-f", "-"), text=ruleset(lines))

    def between(self, ones, others):
        """Both directions between each of `ones` and each of `others`."""
        return [pair for a in ones for b in others if a != b for pair in ((a, b), (b, a))]

    def split(self, *groups, joined=()):
        """Nothing passes between the groups. The members `joined` stay in touch with everybody."""
        for i, ones in enumerate(groups):
            for others in groups[i + 1:]:
                self.shape(self.DROP, self.between(set(ones) - set(joined), set(others) - set(joined)))

    def isolate(self, member):
        self.split([member], set(self.members) - {member})

    def heal(self):
        self.shape(None, [(a, b) for a in self.members for b in self.members if a != b])


class NetCluster(Cluster):
    """Each member in its own namespace, at an address of its own. With `delays`, links lead through proxy.py, one process for each dialling
    member in that member's namespace, so the rules of the network apply to them as before. `binaries` may name another program for
    a member, `environments` variables for its process."""

    def __init__(self, members, delays=False, binary=None):
        super().__init__(members, binary)
        self.network = Network(members)
        self.binaries, self.environments, self.proxies = {}, {}, {}
        for member in self.members:
            self.place(member, delays)
        if delays:
            self.start_proxies()

    def place(self, member, delays):
        """The member with the lower number dials, so a proxy stands before those with higher ones."""
        peers = [f"127.0.0.1:{PORT + 1 + m}" if delays and m > member.number else f"{address(m)}:{PORT}" for m in self.network.members]
        member.config.update(listen=f"{address(member.number)}:{PORT}", api=f"{address(member.number)}:{API_PORT}", peers=peers)
        with open(os.path.join(member.directory, "config.json"), "w") as file:
            json.dump(member.config, file)

    def start_proxies(self):
        proxy = os.path.join(os.path.dirname(os.path.abspath(__file__)), "proxy.py")
        for m in self.network.members[:-1]:
            links = [f"{PORT + 1 + peer}={address(peer)}:{PORT}" for peer in self.network.members[m + 1:]]
            self.proxies[m] = subprocess.Popen(inside(m, sys.executable, proxy, *links), stdin=subprocess.PIPE, text=True)

    def delay(self, one, other, delay_ms, jitter_ms=0):
        """What the link between two members holds each piece back, either way."""
        dialler, port = min(one, other), PORT + 1 + max(one, other)
        self.proxies[dialler].stdin.write(f"{port} {delay_ms} {jitter_ms}\n")
        self.proxies[dialler].stdin.flush()

    def command(self, member, *options):
        binary = self.binaries.get(member.number, self.binary)
        return inside(member.number, binary, "start", member.directory, *options)

    def environment(self, member):
        return {**os.environ, **self.environments.get(member.number, {})}

    def small_disk(self, member, size_bytes):
        """The member's directory becomes a file system of its own. Only before it runs."""
        files = {name: open(os.path.join(member.directory, name), "rb").read() for name in os.listdir(member.directory)}
        call("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "tmpfs", member.directory)
        for name, data in files.items():
            with open(os.open(os.path.join(member.directory, name), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(data)
        return member.directory

    def __exit__(self, kind, value, trace):
        if kind is SystemExit:  # somebody wants it to end; there is nothing to look into
            kind = None
        for proxy in self.proxies.values():
            proxy.kill()
            proxy.wait()
        for member in self.members:
            if member.process is not None and member.process.poll() is None:
                member.process.send_signal(signal.SIGCONT)
        mounted = [m for m in self.members if os.path.ismount(m.directory)]
        if mounted:
            for member in self.members:
                member.kill()
            for member in mounted:
                self.take_out(member, keep=kind is not None)
        super().__exit__(kind, value, trace)
        self.network.close()

    @staticmethod
    def take_out(member, keep):
        """What stood on a small disk goes back to the large one, if anybody is to look at it."""
        aside = member.directory + ".aside"
        if keep:
            shutil.copytree(member.directory, aside, ignore=shutil.ignore_patterns("ballast"))
        call("umount", member.directory)
        if keep:
            shutil.rmtree(member.directory)
            os.rename(aside, member.directory)
