"""Pages of docs/ that are run: the commands of their sh blocks, in order, in one shell, and the text block that stands right below one is
what it has to print."""
import re
import shutil
import subprocess

BLOCKS = re.compile(r"```sh\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.S)
MARK = "@@ end of a block @@"


def run(commands, work, environment, timeout, stderr=subprocess.PIPE):
    """What each of the commands printed, as far as it got, and the process."""
    script = f"\necho '{MARK}'\n".join(commands)
    done = subprocess.run([shutil.which("sh"), "-u", "-c", script], cwd=work, env=environment, stdout=subprocess.PIPE, stderr=stderr,
                          text=True, encoding="utf-8", timeout=timeout, check=False)
    return done.stdout.split(MARK + "\n"), done


def write(path, texts):
    """Puts the texts below the blocks of the page; None leaves the one that is there."""
    replies = iter(texts)
    path.write_text(BLOCKS.sub(lambda match: _written(match, next(replies)), path.read_text(encoding="utf-8")), encoding="utf-8")


def _written(match, text):
    if text is None:
        return match.group(0)
    block = f"```sh\n{match.group(1)}```\n"
    return block + (f"\n```text\n{text}```\n" if text else "")
