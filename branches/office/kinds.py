"""Which reports there are. A higher room registers its own in its apps.py; this room knows only the name of the task.

    kinds.register("handbook", "支部工作手册", task="activities.handbook.tasks.build", needs=(C.ACTIVITY_VIEW,))

The task takes the id of a job and does its work inside `branches.office.building.building(job_id)`.
"""

from typing import NamedTuple

from branches.choices import Capability


class ReportKind(NamedTuple):
    key: str
    label: str
    task: str
    needs: tuple[Capability, ...]  # whoever asks for one or reads one holds all of these at its branch


KINDS: dict[str, ReportKind] = {}


def register(key: str, label: str, *, task: str, needs: tuple[Capability, ...]) -> None:
    KINDS[key] = ReportKind(key, label, task, needs)
