"""Everything that is read from the environment, read once. A bad value stops the start with one line."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from crm.launch.servers import endpoints

BASE_DIR = Path(__file__).resolve().parent.parent
MODES = ("development", "test", "production")
TOKEN_LENGTH = 20  # characters
SECRET_LENGTH = 50  # characters; what Django's own deploy check asks for


@dataclass(frozen=True)
class Env:
    """The environment as typed values. `embedded_*` tells which servers are the built-in ones."""

    mode: str
    debug: bool
    secret_key: str
    allowed_hosts: list[str]
    origins: list[str]
    proxies: int
    database_url: str
    redis_url: str
    embedded_database: bool
    embedded_redis: bool
    data: Path
    static: Path
    log_format: str
    hsts_seconds: int
    backups: Path
    backup_at: dt.time | None
    backup_keep: int
    metrics_token: str

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
    if len(env.secret_key) < SECRET_LENGTH or len(set(env.secret_key)) < 5 or "insecure" in env.secret_key:
        raise ImproperlyConfigured(
            f"CRM_SECRET_KEY must be {SECRET_LENGTH} or more random characters in production."
        )
    if "*" in env.allowed_hosts:
        raise ImproperlyConfigured("CRM_ALLOWED_HOSTS must name the hosts in production; * is refused.")
    if env.debug:
        raise ImproperlyConfigured("CRM_DEBUG must be off in production.")
    return env


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


def _number(source: Mapping[str, str], name: str, default: int) -> int:
    value = source.get(name, "").strip()
    if value == "":
        return default
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
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
