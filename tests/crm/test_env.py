"""Settings come from the environment once; production refuses what is missing, default or open."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from crm.env import MANAGERS, broker_url, database, read_env

GOOD = {
    "CRM_ENV": "production",
    "CRM_SECRET_KEY": secrets.token_urlsafe(60),
    "CRM_ALLOWED_HOSTS": "crm.example.com, crm2.example.com",
    "DATABASE_URL": "postgres://crm:k3vw9m2ratq4x@db:5432/crm",
    "REDIS_URL": "redis://cache:6379/0",
    "CRM_PROXIES": "1",
}


def test_production_starts_with_everything_set() -> None:
    env = read_env(GOOD)
    assert env.production
    assert not env.debug
    assert env.allowed_hosts == ["crm.example.com", "crm2.example.com"]
    assert (env.embedded_database, env.embedded_redis) == (False, False)
    assert env.log_format == "json"


@pytest.mark.parametrize("name", ["CRM_SECRET_KEY", "CRM_ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"])
@pytest.mark.parametrize("empty", [False, True])
def test_production_is_refused_without(name: str, empty: bool) -> None:
    source = {key: value for key, value in GOOD.items() if key != name} | ({name: ""} if empty else {})
    with pytest.raises(ImproperlyConfigured, match=name):
        read_env(source)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRM_SECRET_KEY", "short"),
        ("CRM_SECRET_KEY", "a" * 80),
        ("CRM_SECRET_KEY", "django-insecure-0123456789abcdefghijklmnopqrstuvwxyzABCDEF"),
        ("CRM_SECRET_KEY_OLD", "short"),
        ("CRM_ALLOWED_HOSTS", "*"),
        ("CRM_DEBUG", "1"),
        ("CRM_DEBUG", "perhaps"),
        ("CRM_PROXIES", "one"),
        ("CRM_ENV", "prod"),
        ("CRM_LOG_FORMAT", "xml"),
        ("DATABASE_URL", "sqlite:///db.sqlite3"),
        ("DATABASE_URL", "postgres://crm:secret@db/crm"),
        ("DATABASE_URL", "postgres://crm:postgres@db/crm"),
        ("DATABASE_URL", "postgres://crm:changeme123456@db/crm"),
        ("DATABASE_URL", "postgres://crm:aaaaaaaaaaaaaaaa@db/crm"),
        ("DATABASE_URL", "postgres://salescentre-crm:salescentre-crm@db/crm"),
        ("DATABASE_URL", "postgres://crm:p%61ssword2026!@db/crm"),
        ("DATABASE_URL", "postgres://crm:k3vw9m2ratq4x@[db/crm"),
        ("REDIS_URL", "redis://:redis@cache:6379/0"),
        ("REDIS_URL", "redis://:123456@cache:6379/0"),
        ("CRM_MFA_ROLES", "manager"),
        ("CRM_MFA_ROLES", "none, consultant"),
        ("CRM_SESSION_IDLE_MINUTES", "0"),
        ("CRM_SESSION_HOURS", "1000"),
        ("CRM_LOGIN_HISTORY_DAYS", "7"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name) as caught:
        read_env(GOOD | {name: value})
    assert "\n" not in str(caught.value)
    assert value not in str(caught.value) or ("SECRET" not in name and "URL" not in name)


def test_the_environment_written_out_tells_no_secret() -> None:
    env = read_env(GOOD | {"CRM_SECRET_KEY_OLD": secrets.token_urlsafe(60)})
    shown = repr(env)
    assert "production" in shown
    for secret in (env.secret_key, *env.old_secrets, "k3vw9m2ratq4x"):
        assert secret not in shown


def test_who_must_have_a_second_factor_is_a_setting() -> None:
    assert read_env(GOOD).mfa_roles == MANAGERS
    assert read_env(GOOD | {"CRM_MFA_ROLES": ""}).mfa_roles == MANAGERS
    assert read_env(GOOD | {"CRM_MFA_ROLES": "none"}).mfa_roles == frozenset()
    assert read_env(GOOD | {"CRM_MFA_ROLES": "managers, consultant"}).mfa_roles == MANAGERS | {"consultant"}
    assert read_env({}).mfa_roles == frozenset()
    assert read_env({"CRM_MFA_ROLES": "managers"}).mfa_roles == MANAGERS
    assert read_env(GOOD).session_hours == 12
    assert read_env(GOOD | {"CRM_SESSION_HOURS": "10"}).session_hours == 10


def test_development_has_a_secret_of_its_own_and_answers_only_this_machine(tmp_path: Path) -> None:
    one, two = (read_env({"CRM_DATA": str(tmp_path / name)}) for name in ("one", "two"))
    assert len(one.secret_key) >= 50
    assert one.secret_key != two.secret_key
    assert read_env({"CRM_DATA": str(tmp_path / "one")}).secret_key == one.secret_key
    assert stat.S_IMODE((tmp_path / "one/secret_key").stat().st_mode) == 0o600
    assert "*" not in one.allowed_hosts
    assert one.embedded_database
    assert not one.debug


def test_urls_of_sockets_and_of_hosts_are_read() -> None:
    local = database("postgres://crm@//tmp/crm-1/crm")
    assert (local["HOST"], local["NAME"], local["USER"]) == ("/tmp/crm-1", "crm", "crm")
    remote = database("postgres://crm:p%40ss@db:5433/sales")
    assert (remote["HOST"], remote["PORT"], remote["PASSWORD"]) == ("db", 5433, "p@ss")
    assert broker_url("unix:///tmp/v.sock") == "redis+socket:///tmp/v.sock"
    assert broker_url("redis://cache:6379/0") == "redis://cache:6379/0"


def numbers(deploy: bool = False) -> set[str]:
    found = run_checks(include_deployment_checks=deploy)
    return {message.id or "" for message in found if (message.id or "").startswith("crm.")}


@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
def test_doubtful_settings_are_numbered(settings: Settings) -> None:
    assert numbers() == set()
    settings.ENV = read_env({})
    settings.DATABASES = {"default": {**settings.DATABASES["default"], "HOST": "db.example.com"}}
    assert numbers() == {"crm.W001"}
    settings.ENV = read_env(GOOD | {"CRM_PROXIES": "0"})
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS, settings.MFA_ROLES = [".example.com"], MANAGERS
    settings.DATABASES = {"default": {**settings.DATABASES["default"], "PASSWORD": "k3vw9m2ratq4x"}}
    assert numbers(deploy=True) == {"crm.W002", "crm.W003"}
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["crm.example.com"], False
    settings.MFA_ROLES = MANAGERS - {"director"}
    settings.ENV = read_env(GOOD | {"REDIS_URL": "redis://cache.example.com:6379/0"})
    settings.DATABASES = {"default": {**settings.DATABASES["default"], "PASSWORD": ""}}
    assert numbers(deploy=True) == {"crm.W005", "crm.W006", "crm.W007"}
    settings.MFA_ROLES, settings.ENV = MANAGERS, read_env(GOOD)
    settings.DATABASES = {"default": {**settings.DATABASES["default"], "PASSWORD": "k3vw9m2ratq4x"}}
    assert numbers(deploy=True) == set()
    settings.CELERY_TASK_TIME_LIMIT = 600
    assert numbers() == {"crm.W004"}


def test_work_is_delivered_again_but_not_to_loop_and_never_hoarded() -> None:
    assert settings.CELERY_TASK_ACKS_LATE
    assert not settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1
