"""Numbered doubts about a configuration, shown by `manage.py check`. What is plainly wrong crm/env.py refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

from crm.env import MANAGERS

LOCAL_HOSTS = ("", "localhost", "127.0.0.1", "::1")


@register(Tags.security)
def development_on_a_server(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """crm.W001: a database on another machine, but the mode is development."""
    host = str(settings.DATABASES["default"].get("HOST", ""))
    if settings.ENV.mode != "development" or host.startswith("/") or host in LOCAL_HOSTS:
        return []
    hint = "Set CRM_ENV=production on a server."
    return [Warning("The database is remote, but CRM_ENV is development.", hint=hint, id="crm.W001")]


@register(Tags.security, deploy=True)
def hosts_of_anybody(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """crm.W002: a leading dot lets every subdomain in."""
    wide = [host for host in settings.ALLOWED_HOSTS if host.startswith(".")]
    if not wide:
        return []
    return [Warning(f"CRM_ALLOWED_HOSTS lets every subdomain of {wide[0][1:]} in.", id="crm.W002")]


@register(Tags.security, deploy=True)
def no_proxy(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """crm.W003: gunicorn speaks no TLS, so without a proxy nobody can reach the redirecting site."""
    if settings.ENV.proxies or not settings.SECURE_SSL_REDIRECT:
        return []
    hint = "Set CRM_PROXIES to the number of reverse proxies in front (usually 1); login limits count addresses by it."
    return [Warning("CRM_PROXIES is 0, but the product expects TLS from a proxy.", hint=hint, id="crm.W003")]


@register(Tags.compatibility)
def visibility_timeout(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """crm.W004: a task allowed to outlive the broker's patience would start a second time while it runs."""
    timeout = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    if timeout >= settings.CELERY_TASK_TIME_LIMIT * 2:
        return []
    return [Warning("The broker gives tasks to a second worker before their time limit.", id="crm.W004")]


@register(Tags.security, deploy=True)
def second_factor_off(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """crm.W005: in production some of those who see everything sign in with a password alone."""
    missing = sorted(MANAGERS - settings.MFA_ROLES)
    if not settings.ENV.production or not missing:
        return []
    hint = "Leave CRM_MFA_ROLES out, or set it to managers and further roles."
    return [Warning(f"No second factor is required of: {', '.join(missing)}.", hint=hint, id="crm.W005")]


@register(Tags.security, deploy=True)
def open_redis(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """crm.W006: sessions lie in Redis, and one on another machine lets everybody in who reaches it."""
    parts = urlsplit(settings.ENV.redis_url)
    host = parts.hostname or ""
    if not settings.ENV.production or parts.password or "." not in host or host in LOCAL_HOSTS:
        return []
    hint = "Give it a password: rediss://:PASSWORD@HOST/0."
    return [Warning("REDIS_URL has no password, and its host is another machine.", hint=hint, id="crm.W006")]


@register(Tags.security, deploy=True)
def open_database(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """crm.W007: a database over the network without a password in its URL."""
    database = settings.DATABASES["default"]
    host = str(database.get("HOST", ""))
    if not settings.ENV.production or database.get("PASSWORD") or "." not in host or host in LOCAL_HOSTS:
        return []
    if host.startswith("/"):
        return []
    hint = "Right only where certificates or a password file stand in for it."
    return [
        Warning("DATABASE_URL has no password, and its host is another machine.", hint=hint, id="crm.W007")
    ]
