"""What makes the demo look lived in: drawn photos of meetings, and old gaps that the office has long accepted."""

import random
from datetime import date, timedelta
from io import BytesIO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageDraw

from activities.choices import Kind, PlanState
from activities.models import Activity, Photo, PlanItem
from branches.models import Branch, User
from config.uploads import check_photo

REASONS = (
    "科室集中开展应急演练，改在下月合并进行",
    "多数党员参加支援任务，无法集中",
    "与上级组织的集中学习时间冲突，已另行补学",
)


def draw_meeting(rng: random.Random) -> bytes:
    """A PNG of a meeting room with people at a table: no photo of anybody."""
    wall, table = rng.choice([("#e8e2d6", "#8a6d4b"), ("#dfe6ea", "#6d5a45"), ("#efe9df", "#7b6450")])
    image = Image.new("RGB", (1200, 900), wall)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 620, 1200, 900), fill="#c9bda9")
    draw.rectangle((330, 90, 870, 360), fill="#fafafa", outline="#9a948a", width=8)
    draw.rectangle((380, 150, 820, 190), fill="#96191f")
    for line in range(4):
        draw.rectangle((400, 220 + line * 30, 400 + rng.randint(240, 400), 232 + line * 30), fill="#b9b2a6")
    draw.polygon([(180, 640), (1020, 640), (1140, 820), (60, 820)], fill=table)
    for i in range(9):
        x, y = 150 + i * 112 + rng.randint(-12, 12), 520 + rng.randint(-14, 14)
        coat = rng.choice(["#ffffff", "#ffffff", "#cfe0ea", "#5b7186"])
        draw.rounded_rectangle((x - 46, y + 40, x + 46, y + 150), 30, fill=coat, outline="#a9a294", width=3)
        draw.ellipse((x - 32, y - 28, x + 32, y + 40), fill=rng.choice(["#e6c3a1", "#dcb28b", "#edd0b3"]))
        draw.pieslice((x - 34, y - 34, x + 34, y + 30), 180, 360, fill="#3a312b")
    stream = BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def add_photos(branch: Branch, records: int = 6) -> None:
    """Two or three photos for each of the last records of `branch`."""
    rng = random.Random("photos")
    rows = []
    for activity in Activity.objects.filter(branch=branch, serial__isnull=False).order_by("-starts_at")[:records]:
        for _ in range(rng.randint(2, 3)):
            photo = check_photo(BytesIO(draw_meeting(rng)), limit=settings.PHOTO_FILE_LIMIT)
            name = f"photos/demo/{photo.sha256[:24]}"
            row = Photo(
                activity=activity,
                width=photo.width,
                height=photo.height,
                size=len(photo.image_bytes),
                sha256=photo.sha256,
                uploaded_by=activity.recorder,
            )
            row.image.name = default_storage.save(f"{name}.jpg", ContentFile(photo.image_bytes))
            row.thumbnail.name = default_storage.save(f"{name}-s.jpg", ContentFile(photo.thumb_bytes))
            rows.append(row)
    Photo.objects.bulk_create(rows)


def settle_old_gaps(branches: list[Branch], office: User, today: date) -> None:
    """Gaps of more than ten weeks ago were explained and accepted; three of them are still red."""
    old = PlanItem.objects.filter(branch__in=branches, state=PlanState.OPEN, due__lt=today - timedelta(weeks=10))
    old = old.exclude(kind=Kind.POINTS_PUBLICATION)  # published by points.demo.cycle
    items = list(old.order_by("-due", "pk"))[3:]
    for i, item in enumerate(items):
        item.state, item.reason, item.reason_by = PlanState.NOT_HELD, REASONS[i % len(REASONS)], office
    PlanItem.objects.bulk_update(items, ["state", "reason", "reason_by"], batch_size=100)
