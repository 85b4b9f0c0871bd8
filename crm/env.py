"""Everything that is read from the environment, read once. A bad value stops the start with one line."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from crm.launch.servers import endpoints
from crm.roles import Role

BASE_DIR = Path(__file__).resolve().parent.parent
MODES = ("development", "test", "production")
TOKEN_LENGTH = 20  # characters
SECRET_LENGTH = 50  # characters; what Django's own deploy check asks for
PASSWORD_LENGTH = 12  # characters, of the database's and of Redis' password
COMMON = (
    "password",
    "postgres",
    "changeme",
    "secret",
    "default",
    "example",
    "redis",
    "valkey",
    "admin",
    "123456",
)
MANAGERS = frozenset(
    {Role.SALES_MANAGER, Role.SALES_DIRECTOR, Role.ASSISTANT, Role.DIRECTOR, Role.SYSTEM_ADMINISTRATOR}
)
"""Who must have a second factor in production unless CRM_MFA_ROLES says otherwise."""


@dataclass(frozen=True)
class Env:
    """The environment as typed values. `embedded_*` tells which servers are the built-in ones."""

    mode: str
    debug: bool
    secret_key: str = field(repr=False)
    allowed_hosts: list[str]
    origins: list[str]
    proxies: int
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    embedded_database: bool
    embedded_redis: bool
    data: Path
    static: Path
    log_format: str
    hsts_seconds: int
    backups: Path
    backup_at: dt.time | None
    backup_keep: int
    metrics_token: str = field(repr=False)
    old_secrets: list[str] = field(repr=False)
    mfa_roles: frozenset[str]
    session_idle_minutes: int
    session_hours: int
    login_history_days: int

    @property
    def production(self) -> bool:
        return self.mode == "production"


def read_env(source: Mapping[str, str] = os.environ) -> Env:
    """Read and judge the environment. Raises ImproperlyConfigured, naming the first bad variable."""
    mode = source.get("CRM_ENV", "development")
    if mode not in MODES:
        raise ImproperlyConfigured(f"CRM_ENV must be one of {', '.join(MODES)}, not {mode!r}.")
    data = Path(source.get("CRM_DATA") or BASE_DIR / "var").resolve()
    database_url, redis_url = source.get("DATABASE_URL", ""), source.get("REDIS_URL", "")
    local = endpoints(data)
    env = Env(
        mode=mode,
        debug=_flag(source, "CRM_DEBUG", False),
        secret_key=source.get("CRM_SECRET_KEY", ""),
        allowed_hosts=_words(source, "CRM_ALLOWED_HOSTS"),
        origins=_words(source, "CRM_ORIGINS"),
        proxies=_number(source, "CRM_PROXIES", 0),
        database_url=database_url or local.database_url,
        redis_url=redis_url or local.redis_url,
        embedded_database=not database_url,
        embedded_redis=not redis_url,
        data=data,
        static=Path(source.get("CRM_STATIC") or BASE_DIR / "var" / "static"),
        log_format=source.get("CRM_LOG_FORMAT") or ("json" if mode == "production" else "text"),
        hsts_seconds=_number(source, "CRM_HSTS_SECONDS", 31_536_000),
        backups=Path(source.get("CRM_BACKUPS") or data / "backups"),
        backup_at=_time(source, "CRM_BACKUP_AT"),
        backup_keep=_number(source, "CRM_BACKUP_KEEP", 14),
        metrics_token=source.get("CRM_METRICS_TOKEN", ""),
        old_secrets=_words(source, "CRM_SECRET_KEY_OLD"),
        mfa_roles=_roles(source, "CRM_MFA_ROLES", MANAGERS if mode == "production" else frozenset()),
        session_idle_minutes=_number(source, "CRM_SESSION_IDLE_MINUTES", 240, least=5, most=24 * 60),
        session_hours=_number(source, "CRM_SESSION_HOURS", 12, least=1, most=7 * 24),
        login_history_days=_number(source, "CRM_LOGIN_HISTORY_DAYS", 365, least=30, most=3650),
    )
    if env.log_format not in ("json", "text"):
        raise ImproperlyConfigured(f"CRM_LOG_FORMAT must be json or text, not {env.log_format!r}.")
    if not env.database_url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured("DATABASE_URL must start with postgres: PostgreSQL is the only database.")
    if env.backup_keep < 1:
        raise ImproperlyConfigured("CRM_BACKUP_KEEP must be 1 or more.")
    if 0 < len(env.metrics_token) < TOKEN_LENGTH:
        raise ImproperlyConfigured(f"CRM_METRICS_TOKEN must be {TOKEN_LENGTH} or more random characters.")
    return _production(env) if env.production else _development(env)


def _production(env: Env) -> Env:
    missing = [
        name
        for name, absent in (
            ("CRM_SECRET_KEY", not env.secret_key),
            ("CRM_ALLOWED_HOSTS", not env.allowed_hosts),
            ("DATABASE_URL", env.embedded_database),
            ("REDIS_URL", env.embedded_redis),
        )
        if absent
    ]
    if missing:
        raise ImproperlyConfigured(f"In production these must be set: {', '.join(missing)}.")
    for name, secrets_of_it in (
        ("CRM_SECRET_KEY", [env.secret_key]),
        ("CRM_SECRET_KEY_OLD", env.old_secrets),
    ):
        if any(len(key) < SECRET_LENGTH or len(set(key)) < 5 or "insecure" in key for key in secrets_of_it):
            raise ImproperlyConfigured(
                f"{name} must be {SECRET_LENGTH} or more random characters in production."
            )
    for name, url in (("DATABASE_URL", env.database_url), ("REDIS_URL", env.redis_url)):
        if _is_weak(url):
            raise ImproperlyConfigured(
                f"The password in {name} must be {PASSWORD_LENGTH} or more characters and no common word in production."
            )
    if "*" in env.allowed_hosts:
        raise ImproperlyConfigured("CRM_ALLOWED_HOSTS must name the hosts in production; * is refused.")
    if env.debug:
        raise ImproperlyConfigured("CRM_DEBUG must be off in production.")
    return env


def _is_weak(url: str) -> bool:
    """Whether the password in a URL could be guessed. None at all is another matter: a socket or a closed network."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    password, user = unquote(parts.password or "").lower(), (parts.username or "").lower()
    if not password:
        return False
    guessable = password == user or any(password.strip("0123456789!._-") == word for word in COMMON)
    return guessable or len(password) < PASSWORD_LENGTH or len(set(password)) < 5


def _development(env: Env) -> Env:
    return replace(
        env,
        secret_key=env.secret_key or _own_secret(env.data),
        allowed_hosts=env.allowed_hosts or ["localhost", "127.0.0.1", "[::1]", "testserver"],
    )


def _own_secret(data: Path) -> str:
    """A random secret kept in the data folder: there is no default secret anybody could know."""
    path = data / "secret_key"
    data.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text()


def _words(source: Mapping[str, str], name: str) -> list[str]:
    return [word.strip() for word in source.get(name, "").split(",") if word.strip()]


def _flag(source: Mapping[str, str], name: str, default: bool) -> bool:
    value = source.get(name, "").strip().lower()
    if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return default if value == "" else value in ("1", "true", "yes", "on")
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def _roles(source: Mapping[str, str], name: str, default: frozenset[Role]) -> frozenset[str]:
    """Roles by their codes, or `managers` for those above, or `none`. Not set, or empty, means the default."""
    words = _words(source, name)
    if not words:
        return frozenset(role.value for role in default)
    found: set[str] = set()
    for word in words:
        if word == "managers":
            found |= {role.value for role in MANAGERS}
        elif word in list(Role):
            found.add(word)
        elif word != "none" or len(words) > 1:
            raise ImproperlyConfigured(f"{name} must name roles, or be managers or none, not {word!r}.")
    return frozenset(found)


def _number(
    source: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int | None = None
) -> int:
    value = source.get(name, "").strip()
    if value == "":
        return default
    if not value.isascii() or not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    if int(value) < least or (most is not None and int(value) > most):
        raise ImproperlyConfigured(f"{name} must lie between {least} and {most}, not {value}.")
    return int(value)


def _time(source: Mapping[str, str], name: str) -> dt.time | None:
    value = source.get(name, "").strip()
    if value == "":
        return None
    try:
        return dt.datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - a time of day
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a time as 03:30, not {value!r}.") from None


def database(url: str) -> dict[str, object]:
    """Django's settings of one database from a URL. A unix socket is written postgres://role@//folder/name."""
    return dict(environ.Env.db_url_config(url))


def broker_url(redis_url: str) -> str:
    """The same server as Celery writes it: unix://path becomes redis+socket://path."""
    return redis_url.replace("unix://", "redis+socket://", 1)
