"""Alert rules and dashboard: every metric in them is one that a member tells, every alert is explained in the operations
guide, and promtool finds that the rules fire when they should and that the dashboard's expressions are such.

usage: test_monitoring.py SOURCE_ROOT
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from commands import skip


def read(*path):
    with open(os.path.join(sys.argv[1], *path), encoding="utf-8") as file:
        return file.read()


def metrics_used(text):
    return set(re.findall(r"\bcredimus_([a-z0-9_]+)", text))


def overlap(a, b):
    return a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]


def check_panels(panels):
    assert len({panel["id"] for panel in panels}) == len(panels)
    for i, panel in enumerate(panels):
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24 and panel["title"], panel
        assert panel["type"] == "row" or panel["targets"], panel["title"]
        for other in panels[:i]:
            assert not overlap(at, other["gridPos"]), f"{panel['title']} lies on {other['title']}"


def expressions(panels):
    for panel in panels:
        for target in panel.get("targets", []):
            yield target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")


def promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


def main():
    told = set(re.findall(r'"([a-z0-9_]+)"', read("src", "http", "metrics.c")))
    rules = read("packaging", "monitoring", "credimus.rules.yml")
    dashboard = json.loads(read("packaging", "monitoring", "credimus.dashboard.json"))
    used = metrics_used("\n".join(line for line in rules.splitlines() if not line.lstrip().startswith("#")))
    used |= metrics_used("\n".join(expressions(dashboard["panels"])))
    assert len(used) > 30 and used <= told, f"no member tells {sorted(used - told)}"
    guide = read("docs", "operations.md")
    alerts, explained = set(re.findall(r"alert: (\w+)", rules)), set(re.findall(r"^#+ (Credimus[A-Z]\w+)$", guide, re.M))
    assert alerts == explained, f"in docs/operations.md: {alerts ^ explained}"
    unknown = {name for name in metrics_used(guide) if name not in told}
    assert not unknown, f"the guide names metrics that no member tells: {unknown}"
    check_panels(dashboard["panels"])
    if shutil.which("promtool") is None:
        skip("no promtool to try the rules with (Debian: prometheus); names and guide were checked")
    here = os.path.join(sys.argv[1], "packaging", "monitoring")
    promtool("check", "rules", os.path.join(here, "credimus.rules.yml"))
    promtool("test", "rules", os.path.join(here, "credimus.rules.test.yml"))
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        # Every expression of the dashboard as a rule that records it: that is how promtool reads one.
        records = [{"record": "x", "labels": {"i": str(i)}, "expr": e} for i, e in enumerate(expressions(dashboard["panels"]))]
        json.dump({"groups": [{"name": "dashboard", "rules": records}]}, file)
        file.flush()
        promtool("check", "rules", file.name)
    print(f"{len(alerts)} alerts, {len(records)} expressions, {len(used)} metrics")


main()
