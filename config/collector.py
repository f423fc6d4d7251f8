"""Python's cycle collector, resting while something large is made that holds no cycles and goes as a whole."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_resting() -> Iterator[None]:
    """It would walk through all there is again and again and find nothing: a quarter of the time of a long layout."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
