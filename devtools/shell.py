"""Places, and how a command is run."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
TOOLS, VENV, MODULES = ROOT / ".tools", ROOT / ".venv", ROOT / "node_modules"
PYTHON = VENV / "bin/python"
FAILED, LEFT_OUT = 1, 3  # exit codes


def say(text: str) -> None:
    print(text, flush=True)


def stop(text: str, code: int = FAILED) -> NoReturn:
    print(text, file=sys.stderr, flush=True)
    raise SystemExit(code)


def run(command: Iterable[str | Path], **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False, **options)


def read(path: Path) -> str:
    return path.read_text().strip() if path.is_file() else ""


def manage(*args: str, env: dict[str, str], **options) -> subprocess.CompletedProcess:
    return run([PYTHON, "manage.py", *args], env=env, **options)
