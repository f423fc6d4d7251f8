"""The settings of the tests: the same, only faster."""

import os
import re
import tempfile
from pathlib import Path

# Tests run beside each other need a Redis each, as they need a database each: a test that empties its cache empties
# the whole of it. Set in the environment, and before the real settings are read, so that child processes have it too.
if (_beside := os.environ.get("PYTEST_XDIST_WORKER", "")) and os.environ.get("REDIS_URL"):
    _address, _number = re.fullmatch(r"(.*/)(\d+)", os.environ["REDIS_URL"]).groups()
    os.environ["REDIS_URL"] = f"{_address}{(int(_number) + 4 * int(_beside.removeprefix('gw'))) % 16}"

from config import settings as real
from config.settings import *  # noqa: F403

DATA_DIR = Path(tempfile.mkdtemp(prefix="zhibu-test-"))
SECRET_KEY = "only-for-tests-" + "x" * 50
FIELD_KEYS = ["only-for-tests-field-key"]
DEMO = False
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
STORAGES = real.STORAGES | {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "media", "base_url": None},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
TEMPLATES = [real.TEMPLATES[0] | {"OPTIONS": real.TEMPLATES[0]["OPTIONS"] | {"debug": True}}]
