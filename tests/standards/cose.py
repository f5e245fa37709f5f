"""Hands COSE_Sign1 objects to @auth0/cose from npm, pinned by tests/standards/package-lock.json and installed in the build folder."""
import json
import pathlib
import shutil
import subprocess
import sys

SKIPPED = 77  # what Meson takes for a skipped test
HERE = pathlib.Path(__file__).parent


class Unavailable(Exception):
    pass


def install(build):
    """The folder with node_modules. Unavailable without node, npm or a registry."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    folder = pathlib.Path(build) / "tests" / "standards" / "node"
    folder.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    if (folder / "node_modules" / "@auth0" / "cose").exists() and (folder / "package-lock.json").read_bytes() == lock:
        return folder
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    command = ["npm", "install", "--no-save", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)
    if done.returncode != 0:
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
        raise Unavailable("npm could not install @auth0/cose: " + done.stderr.strip().split("\n")[-1])
    return folder


def verify(folder, cases):
    done = subprocess.run(["node", HERE / "cose.mjs", folder], input=json.dumps(cases), capture_output=True, text=True, timeout=100,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print("@auth0/cose: " + done.stdout.strip())


def case(name, signed, key, aad=b"", payload=None, valid=True):
    return {"name": name, "object": signed.hex(), "key": key.hex(), "aad": aad.hex(), "payload": payload and payload.hex(), "valid": valid}


def header_cases(name, header, key, chain):
    """A header is good under its chain alone, and only as it is."""
    changed = bytes([*header[:-1], header[-1] ^ 1])
    return [case(name, header, key, chain), case(f"{name}, no chain", header, key, valid=False),
            case(f"{name}, another chain", header, key, bytes(32), valid=False), case(f"{name}, changed", changed, key, chain, valid=False)]


def receipt_cases(name, receipt, key, root):
    return [case(name, receipt, key, payload=root), case(f"{name}, another root", receipt, key, payload=bytes(32), valid=False),
            case(f"{name}, with a chain", receipt, key, bytes(32), root, valid=False)]


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)
