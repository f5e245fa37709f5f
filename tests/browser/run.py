#!/usr/bin/env python3
"""Starts a group and runs one of the browser tests against it; epochs needs no group.

usage: tests/browser/run.py epochs|verify|page

environment: CREDIMUS (the binary), BROWSER (a folder in which the packages of tests/browser/package.json are installed,
`make browser` does that; the screenshots go there as well). Skipped, exit code 77, where something is missing; says what.
"""
import json
import os
import shutil
import subprocess
import sys

import world

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
NODE_MIN = 20
PACKAGES = ["playwright-core", "axe-core"]


def skip(why):
    print(f"skipped: {why}; `make browser` installs what is missing")
    sys.exit(SKIPPED)


def need_node():
    if shutil.which("node") is None:
        skip("there is no node")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < NODE_MIN:
        skip(f"node is {version.strip()}, older than {NODE_MIN}")


def need_browser(folder):
    browser = next((path for path in map(shutil.which, ["chromium", "chromium-browser"]) if path), None)
    if browser is None:
        skip("there is no chromium")
    for package in PACKAGES:
        if not os.path.isfile(os.path.join(folder, "node_modules", package, "package.json")):
            skip(f"{package} is not installed in {folder}")
    return browser


def save(directory, name, data):
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def certificates(cluster, told):
    """Certificate files of a verdict, of an open question and of a family."""
    first = cluster.members[world.SHOWN]
    family = first.ask(title="Which of two?", hypotheses=["one", "two"], mode="panel", family="pairs")
    for i, member in enumerate(cluster.members):
        world.tell(member, family, f"look {i}", llr="1.5")
    first.request("POST", "/v1/families/pairs/close?ack=final")
    files = {}
    for name, path in {"verdict": told["asked"]["decided"], "open": told["asked"]["open"], "family": "families/pairs"}.items():
        files[name] = save(told["directory"], f"{name}.cert", wait_for_certificate(cluster, first, path))
    return files


def wait_for_certificate(cluster, member, path):
    """One of an open question is of the newest height: it is there once that is certified."""
    got = []
    cluster.wait_until(lambda: got.append(member.request("GET", f"/v1/certificates/{path}")) is None, f"a certificate of {path}")
    return got[-1]


def run(script, told, folder):
    environment = dict(os.environ, WORLD=json.dumps(told), BROWSER=folder)
    return subprocess.run(["node", os.path.join(HERE, script)], env=environment, check=False, timeout=850).returncode


def main():
    if sys.argv[1:] not in (["epochs"], ["verify"], ["page"]):
        sys.exit(__doc__)
    need_node()
    if sys.argv[1] == "epochs":
        sys.exit(subprocess.run(["node", os.path.join(HERE, "test_epochs.mjs")], check=False, timeout=300).returncode)
    folder = os.environ.get("BROWSER", os.path.join("build", "browser"))
    chromium = need_browser(folder) if sys.argv[1] == "page" else None
    with world.Cluster(world.MEMBERS) as cluster:
        told = world.build(cluster)
        if chromium is None:
            told["certificates"] = certificates(cluster, told)
            code = run("test_verify.mjs", told, folder)
        else:
            world.copy_liar(cluster)
            code = run("test_page.mjs", dict(told, chromium=chromium), folder)
    sys.exit(code)


if __name__ == "__main__":
    main()
