"""The WSGI entry point that gunicorn loads."""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
application = get_wsgi_application()
# What is loaded by now stays: a collection in the middle of a request must not walk through all of it.
gc.collect()
gc.freeze()
# A page makes some ten thousand objects and drops them all: looked through every 700 of them, it pays for nothing.
gc.set_threshold(20_000, 20, 20)
