"""Django's settings. What differs between machines comes from crm/env.py; everything else stands here."""

from __future__ import annotations

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from crm.env import BASE_DIR, broker_url, database, read_env
from crm.logs import logging_config

ENV = read_env()

SECRET_KEY = ENV.secret_key
SECRET_KEY_FALLBACKS = ENV.old_secrets
DEBUG = ENV.debug
ALLOWED_HOSTS = ENV.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENV.origins
ROOT_URLCONF = "crm.urls"
FORM_RENDERER = "crm.forms_render.Renderer"
WSGI_APPLICATION = "crm.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "crm.apps.CrmConfig",
    "leads.apps.LeadsConfig",
    "campaigns.apps.CampaignsConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "crm.metrics.RequestMetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "crm.session_watch.NothingKeptMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crm.session_watch.SessionLifetimeMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "crm.account_gate.AccountGateMiddleware",
    "crm.project_context.ProjectZoneMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.context_processors.shell",
            ],
        },
    },
]

# Data
DATABASES = {
    "default": database(ENV.database_url)
    | {
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,  # seconds
            # A killed process leaves a session that may wait for a lock, holding others: the server looks for its
            # client every so often (milliseconds), and a silent network is noticed too.
            # To start helpers for a query costs some milliseconds, ten times what the planner believes: a page is done
            # before they run. Only what reads millions of rows is worth it.
            "options": "-c client_connection_check_interval=3000 -c parallel_setup_cost=10000",
            "tcp_user_timeout": 30_000,
        },
    },
}
VALKEY_PATIENCE = {
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
}  # seconds; it answers in a thousandth of that
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": ENV.redis_url,
        "KEY_PREFIX": "crm",
        "OPTIONS": VALKEY_PATIENCE,
    },
    "forgetful": {
        "BACKEND": "crm.caches.ForgetfulCache",
        "LOCATION": ENV.redis_url,
        "KEY_PREFIX": "crm-f",
        "OPTIONS": VALKEY_PATIENCE,
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "forgetful"
SESSION_COOKIE_AGE = ENV.session_hours * 3600  # seconds since the sign-in: one working day
SESSION_IDLE_AGE = ENV.session_idle_minutes * 60  # seconds since the last page
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes, files apart
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes; larger ones go to a temporary file
FILE_UPLOAD_PERMISSIONS = 0o600
MEDIA_ROOT = ENV.data / "media"

# People
AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name", "mobile", "email")},
    },
    {"NAME": "crm.passwords.LongEnoughValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "crm.passwords.NotUsedBeforeValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_ADAPTER = "crm.login.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = (
    True  # for SESSION_COOKIE_AGE: a phone that drops its browser keeps the day's login
)
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
# `key` is the account that was tried: five wrong passwords lock it for fifteen minutes, from anywhere
# (crm/attempts.py).
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "5/15m/key",
    "login_failed_here": "20/m/ip",
}
ACCOUNT_LOGIN_TIMEOUT = 600  # seconds between the password and the code
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "crm.login.FactorAdapter"
MFA_ROLES = ENV.mfa_roles
ACCOUNT_PAGE = "/accounts/me/"
LOGIN_HISTORY_DAYS = ENV.login_history_days
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.proxies

# The one question that the kernel asks an app: how many live leads somebody still answers for.
LIVE_DUTIES = "leads.facts_staff.live_duties"

# Who tells the page of metrics something: functions of a moment that return figures.
METRICS = ["crm.facts_metrics.figures", "leads.facts_metrics.figures"]

# The API (docs/api.md): JSON in and out, by session or token, every error a problem.
REST_FRAMEWORK = {
    "DEFAULT_THROTTLE_RATES": {"user": "600/min", "anonymous": "60/min"},
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "crm.api_schema.ApiSchema",
    "EXCEPTION_HANDLER": "crm.api_errors.handle",
    "NUM_PROXIES": ENV.proxies,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sales centre",
    "DESCRIPTION": "Everything the screens do, by the same rules. How to call it: docs/api.md.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": ["crm.api_schema.add_problems"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_NO_READ_ONLY_REQUIRED": False,
    "SERVERS": [],
}

# Language and time
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "crm" / "locale"]
FORMAT_MODULE_PATH = "crm.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# Static files: found in place while developing; collected, hashed and compressed into the production image.
STATIC_URL = "/static/"
STATIC_ROOT = ENV.static
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if ENV.production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not ENV.production
WHITENOISE_AUTOREFRESH = not ENV.production

# Security
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "crm.error_pages.stale_form"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.production
SECURE_SSL_REDIRECT = ENV.production
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]  # asked from inside the container, without TLS
SECURE_HSTS_SECONDS = ENV.hsts_seconds if ENV.production else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENV.production
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.proxies else None

# Background work: tasks are short and may run twice; the tables, not the queue, hold the truth.
CELERY_BROKER_URL = broker_url(ENV.redis_url)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,  # seconds; far above CELERY_TASK_TIME_LIMIT
    "socket_timeout": 5,  # seconds; a broker that hangs must not hang the page that sends it a task
    "socket_connect_timeout": 2,
}
# Try once more, then leave it to the sweeps: whatever is asked of the worker is also stored.
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
# A task that kills its process (memory) would come back at once, for ever. The sweeps take it up, minutes apart.
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_SOFT_TIME_LIMIT = 240  # seconds
CELERY_TASK_TIME_LIMIT = 300  # seconds
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = 2
CELERY_WORKER_MAX_MEMORY_PER_CHILD = (
    400_000  # KiB; a child beyond it ends after its task, another takes its place
)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE

# Logs
LOGGING = logging_config(ENV.log_format)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
