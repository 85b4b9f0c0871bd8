"""Settings of the test session: the product's own, on throwaway servers."""

from __future__ import annotations

import os

from tests import services

services.ensure()
os.environ["CRM_ENV"] = "test"
os.environ.setdefault("CRM_SECRET_KEY", "only-for-tests-" + "x" * 50)
os.environ.setdefault("CRM_METRICS_TOKEN", "only-for-tests-" + "m" * 20)
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs an event loop in the test's thread

from crm.settings import *  # noqa: E402, F403

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
for _cache in CACHES.values():  # noqa: F405
    _cache["LOCATION"] = f"{_cache['LOCATION']}?db={WORKER}"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# Tests ask thousands of times a minute; those of the throttle set a rate of their own.
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(("user", "anonymous"))  # type: ignore[assignment]  # noqa: F405
