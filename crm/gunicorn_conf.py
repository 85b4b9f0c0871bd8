"""gunicorn: threads, because a page waits for the database more than it computes; one kind of log."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from crm.env import BASE_DIR
from crm.logs import logging_config

wsgi_app = "crm.wsgi:application"
worker_class = "gthread"
workers = int(os.environ.get("CRM_WEB_WORKERS", "2"))
threads = 4
timeout = 60  # seconds
graceful_timeout = 8  # seconds; below the patience of the launcher and of docker stop
max_requests = 5_000
max_requests_jitter = 500
accesslog = None  # django-structlog logs each request, without its query
control_socket_disable = True
logconfig_dict = logging_config(
    os.environ.get("CRM_LOG_FORMAT") or ("json" if os.environ.get("CRM_ENV") == "production" else "text")
) | {"loggers": {"gunicorn.error": {"level": "INFO"}, "gunicorn.access": {"level": "WARNING"}}}

# The counts of /metrics: files that the workers share, made anew at each start (crm/metrics.py).
_counts = Path(os.environ.get("CRM_DATA") or BASE_DIR / "var") / "metrics"
shutil.rmtree(_counts, ignore_errors=True)
_counts.mkdir(mode=0o700, parents=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_counts)


def pre_fork(server: Any, worker: Any) -> None:
    """Give the new worker the first free place in the row: its files are its predecessor's."""
    taken = {getattr(other, "place", None) for other in server.WORKERS.values()}
    worker.place = next(place for place in range(len(taken) + 1) if place not in taken)


def post_fork(_server: Any, worker: Any) -> None:
    os.environ["CRM_WORKER_PLACE"] = str(worker.place)
