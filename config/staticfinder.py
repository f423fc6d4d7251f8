"""Serve the few files of node_modules that our pages use, and nothing else of it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Error
from django.core.files.storage import FileSystemStorage

PREFIX = "vendor"
FILES = (  # the maps too: manifest storage follows the reference inside the minified file
    "bootstrap/dist/css/bootstrap.min.css",
    "bootstrap/dist/css/bootstrap.min.css.map",
    "bootstrap/dist/js/bootstrap.bundle.min.js",
    "bootstrap/dist/js/bootstrap.bundle.min.js.map",
    "bootstrap-icons/font/bootstrap-icons.min.css",
    "bootstrap-icons/font/fonts/bootstrap-icons.woff",
    "bootstrap-icons/font/fonts/bootstrap-icons.woff2",
    "echarts/dist/echarts.min.js",
)


class NodeModulesFinder(BaseFinder):
    """Find `vendor/<path>` for the allow-listed paths of node_modules.

    In a template: `{% static "vendor/bootstrap/dist/css/bootstrap.min.css" %}`.
    """

    def __init__(self, app_names: Iterable[str] | None = None, *args: Any, root: Path | None = None) -> None:
        self.storage = FileSystemStorage(location=root or Path(settings.BASE_DIR) / "node_modules")
        self.storage.prefix = PREFIX  # collectstatic puts this before every listed path
        super().__init__()

    def missing(self) -> list[str]:
        return [name for name in FILES if not self.storage.exists(name)]

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        missing = self.missing()
        if not missing:
            return []
        return [
            Error(
                f"{len(missing)} static file(s) are missing from node_modules: {', '.join(missing)}",
                hint="Run `npm ci --ignore-scripts` in the project folder, or any of `./dev run|demo|test`.",
                id="staticfinder.E001",
            )
        ]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> str | list[str]:
        name = path.removeprefix(f"{PREFIX}/")
        found = name != path and name in FILES and self.storage.exists(name)
        if find_all:
            return [self.storage.path(name)] if found else []
        return self.storage.path(name) if found else []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in FILES:
            if self.storage.exists(name):
                yield name, self.storage
