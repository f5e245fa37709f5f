"""The systemd unit: exposed by less than 2.0 of 10, and it says what the binary does.

usage: test_unit.py UNIT
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from commands import skip


def main():
    with open(sys.argv[1]) as file:
        text = file.read()
    settings = dict(re.findall(r"^(\w+)=(.*)$", text, re.M))
    assert settings["Type"] == "notify" and "kill -HUP" in settings["ExecReload"] and settings["User"] == "credimus"
    assert re.fullmatch(r"/\S+/credimus start /var/lib/credimus/%i \$CREDIMUS_OPTIONS", settings["ExecStart"]), settings
    assert "@" not in settings["ExecStart"], settings["ExecStart"]
    if shutil.which("systemd-analyze") is None:
        skip("no systemd-analyze to judge the unit with (Debian: systemd)")
    with tempfile.TemporaryDirectory() as folder:
        unit = os.path.join(folder, "credimus@.service")
        shutil.copy(sys.argv[1], unit)
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", unit], capture_output=True, text=True)
        found = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", done.stdout)
        assert found, done.stdout + done.stderr
        assert float(found.group(1)) < 2.0 and done.returncode == 0, done.stdout
        # A setting that systemd does not know would be passed over with a warning.
        said = [line for line in done.stderr.splitlines() if "nknown" in line or "ailed to parse" in line]
        assert not said, said
    print(f"exposure {found.group(1)}")


main()
