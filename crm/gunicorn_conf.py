"""gunicorn: threads, because a page waits for the database more than it computes; one kind of log."""

from __future__ import annotations

import os

from crm.logs import logging_config

wsgi_app = "crm.wsgi:application"
worker_class = "gthread"
workers = int(os.environ.get("CRM_WEB_WORKERS", "2"))
threads = 4
timeout = 60  # seconds
graceful_timeout = 5  # seconds
max_requests = 5_000
max_requests_jitter = 500
accesslog = None  # django-structlog logs each request, without its query
control_socket_disable = True
logconfig_dict = logging_config(
    os.environ.get("CRM_LOG_FORMAT") or ("json" if os.environ.get("CRM_ENV") == "production" else "text")
) | {"loggers": {"gunicorn.error": {"level": "INFO"}, "gunicorn.access": {"level": "WARNING"}}}
