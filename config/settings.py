"""All settings, read from the environment; without any the site runs on SQLite under var/.

Everything an installation writes lies under DATA_DIR. DEMO=1 is the only switch that makes demo accounts.
"""

from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key

from config.keys import installation_keys

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.prefix = ""

DEMO = env.bool("DEMO", default=False)
DEMO_PASSWORD = env.str("DEMO_PASSWORD", default="zhibu-demo-2026")
DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

# -- Keys: from the environment, else made once for this installation and kept in DATA_DIR/keys (mode 0600).
_keys = installation_keys(DATA_DIR, env, make_secret=get_random_secret_key)
SECRET_KEY = _keys.secret_key
FIELD_KEYS = _keys.field_keys  # first one encrypts, all decrypt; see config/crypto.py

# -- Where the site is reached
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
if HOST := env.str("HOST", default=""):
    ALLOWED_HOSTS += ["*"] if HOST in {"0.0.0.0", "::"} else [HOST]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)  # behind a proxy that speaks TLS
PROXY_COUNT = env.int("PROXY_COUNT", default=0)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "treebeard",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "django_filters",
    "csp",
    "axes",
    "allauth",
    "allauth.account",
    "config",
    "branches",
    "members",
    "activities",
    "points",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "branches.middleware.WhoAndWhere",
    "django.contrib.messages.middleware.MessageMiddleware",
    "branches.accounts.sessions.SessionLimits",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "branches.context.site",
            ],
            "builtins": ["config.templatetags.ui", "branches.templatetags.access"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

# -- Database: one file for one hospital, PostgreSQL for more
if "DATABASE_URL" in env.ENVIRON and env.str("DATABASE_URL"):
    DATABASES = {"default": env.db("DATABASE_URL")}
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "db.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # recursive_triggers: else REPLACE would delete rows of append-only tables unseen by their guards
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
                "PRAGMA recursive_triggers=ON;",
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["models.W040"]  # SQLite leaves the columns out that an index only carries along: meant
ATOMIC_REQUESTS = False

# -- Background work: Redis where there is one, else Celery's filesystem broker under DATA_DIR
REDIS_URL = env.str("REDIS_URL", default="")
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost//"
# Tasks beside the tasks.py of each app:
CELERY_IMPORTS = [
    "branches.accounts.tasks",
    "branches.office.tasks",
    "activities.handbook.tasks",
    "points.editions.tasks",
    "points.cycle.tasks",
    "points.stars.tasks",
    "points.stars.pack.tasks",
]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
_outgoing = {"queue": "outgoing"}  # a worker of its own: a server out there may let it wait
CELERY_TASK_ROUTES = {"branches.tasks.deliver_notices": _outgoing, "branches.accounts.tasks.mail_slip": _outgoing}
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 150_000  # kB after a task: what a long file or a roster took goes back
_patience = {"socket_connect_timeout": 2, "socket_timeout": 5}  # seconds: a Redis that hangs must not hold a page
if REDIS_URL:
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, str | int] = {**_patience}
else:
    _queue = DATA_DIR / "broker" / "queue"
    _control = DATA_DIR / "broker" / "control"
    for _folder in (_queue, _control):
        _folder.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue),
        "data_folder_out": str(_queue),
        "control_folder": str(_control),
    }
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL, "OPTIONS": _patience}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# -- Log-in
AUTH_USER_MODEL = "branches.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "branches.accounts.backends.LoginNameBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "branches.accounts.passwords.LengthValidator"},
    {"NAME": "branches.accounts.passwords.CommonValidator"},
    {"NAME": "branches.accounts.passwords.PersonalValidator"},
]
ACCOUNT_ADAPTER = "branches.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "branches.accounts.forms.LoginForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False  # django-axes owns the lock-out, alone
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_ON_GET = False
SESSION_HOURS = 12  # after log-in, however busy
SESSION_IDLE_MINUTES = 30  # without a request of a person; polling does not count
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "branches.accounts.lockout.lock_key"
AXES_CLIENT_IP_CALLABLE = "branches.middleware.client_address"
AXES_SENSITIVE_PARAMETERS = ["login", "password", "oldpassword", "password1", "password2", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True  # the audit trail has it
AXES_LOCKOUT_CALLABLE = "branches.accounts.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "zhibu_session"
CSRF_COOKIE_NAME = "zhibu_csrf"
CSRF_FAILURE_VIEW = "branches.views.expired"
ACTIVATION_HOURS = 72
SETUP_HOURS = 24

# -- Strict from the first page on: nothing inline, nothing from another host
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# -- Language, time, files
LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.staticfinder.NodeModulesFinder",
]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "media", "base_url": None},  # served by views that check the scope
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
FILE_UPLOAD_PERMISSIONS = 0o600
ROSTER_FILE_LIMIT = 20 * 2**20
PHOTO_FILE_LIMIT = 20 * 2**20
ATTACHMENT_FILE_LIMIT = 20 * 2**20
IMPORT_KEEP_DAYS = 30
REPORT_KEEP_DAYS = 30
ELECTION_PASS_BASE = env.str("ELECTION_PASS_BASE", default="present")  # or should_attend: whose half elects; ask above
vars().update(env.email_url_config(env.str("EMAIL_URL", default="") or "dummymail://"))
EMAIL_TIMEOUT = 10  # a dead mail server must not hold the worker
MAIL_IS_SET_UP = bool(env.str("EMAIL_URL", default=""))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="zhibu@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.logs.OneLine", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"axes": {"level": "ERROR"}, "weasyprint": {"level": "ERROR"}, "fontTools": {"level": "ERROR"}},
}
