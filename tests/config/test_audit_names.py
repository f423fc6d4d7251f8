"""Every action that any room records has a Chinese name."""

import re
from pathlib import Path

from django.conf import settings

from branches.audit_words import ACTIONS, changes_text

ROOMS = ("activities", "branches", "config", "members", "points")
THINGS = "account|access|activity|branch|import|member|person|plan|points|post|roster|setup|slip"
RECORDED = re.compile(rf'"((?:{THINGS})\.[a-z_]+)"')


def test_every_recorded_action_has_a_name():
    found = set()
    for room in ROOMS:
        for file in Path(settings.BASE_DIR, room).rglob("*.py"):
            text = file.read_text()
            found |= {name for line in text.splitlines() if "action" in line for name in RECORDED.findall(line)}
    assert len(found) > 20
    assert found <= set(ACTIONS), found - set(ACTIONS)


def test_a_label_written_by_a_room_is_shown_as_it_is():
    assert changes_text("activities.activity", {"退回意见": ["", "请补充"]}) == [("退回意见", "", "请补充")]
