"""The data folder: whose it is, the environment it gives, the static files collected into it."""

import hashlib
import os
from pathlib import Path

from devtools.install import fingerprint
from devtools.shell import MODULES, ROOT, VENV, manage, read, say, stop


def data_dir() -> Path:
    return Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()


def mode_of_data_dir() -> str:
    """Return `demo`, `run` or, for a folder nothing was served from yet, an empty string."""
    return read(data_dir() / "mode")


def claim_data_dir(mode: str) -> None:
    """Mark the data folder as `demo` or `run`: never seed an installation, never serve the demo as one."""
    folder = data_dir()
    folder.mkdir(parents=True, exist_ok=True)
    kept = mode_of_data_dir()
    if kept == "run" and mode == "demo":
        stop(f"{folder} holds an installation of your own. For the demo: DATA_DIR=var-demo ./dev demo")
    if kept == "demo" and mode == "run":
        stop(f"{folder} holds the demo hospital. For your own installation: DATA_DIR=var-own ./dev run")
    (folder / "mode").write_text(f"{mode}\n")


def environment(mode: str) -> dict[str, str]:
    """The environment of every process of this data folder."""
    env = os.environ | {"DATA_DIR": str(data_dir()), "PYTHONUNBUFFERED": "1"}
    return env | ({"DEMO": "1"} if mode == "demo" else {"DEMO": "0"} if mode == "run" else {})


def collect_static(env: dict[str, str]) -> None:
    """Run collectstatic when a static file, ours or another's, changed since the last time."""
    own = sorted(path for path in (ROOT / "static").rglob("*") if path.is_file())
    names = hashlib.sha256("\n".join(str(path.relative_to(ROOT)) for path in own).encode()).hexdigest()
    wanted = names + fingerprint(*own, MODULES / ".installed", VENV / ".installed", ROOT / "config/staticfinder.py")
    stamp = data_dir() / "static-collected"
    if read(stamp) == wanted and (data_dir() / "static").is_dir():
        return
    say("Collecting static files …")
    if manage("collectstatic", "--noinput", "-v0", env=env).returncode:
        stop("The static files could not be collected; the reason is above.")
    stamp.write_text(wanted)
