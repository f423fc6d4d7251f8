"""Short words for the tests of importing."""

from datetime import date

from members.importing import batches
from members.models import ImportBatch, Member
from tests.members.roster_files import person

OPENING = date(2026, 1, 1)
BAD = person(1, 公民身份证号="990000199913310012", 出生日期="")


def member(n: int) -> Member:
    return Member.objects.with_identity(str(person(n)["公民身份证号"])).get()


def codes(batch: ImportBatch, group: str) -> list[str]:
    return [row["code"] for row in batches.preview_payload(batch)[group]]
