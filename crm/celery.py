"""The Celery app and the whole beat table on one screen."""

from __future__ import annotations

import os

import structlog
from celery import Celery
from django.db import transaction
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

log = structlog.get_logger(__name__)
app = Celery("crm")
app.set_default()  # for every thread: gunicorn answers in threads that did not import this
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()

# Every job is a short sweep over stored due moments: a missed tick is late, never wrong.
app.conf.beat_schedule = {
    # name: {"task": dotted name, "schedule": seconds or crontab(), "options": {"expires": seconds}}
    "heartbeat": {"task": "crm.tasks.heartbeat", "schedule": 15.0, "options": {"expires": 15}},
    "forget": {"task": "crm.tasks.forget", "schedule": 3600.0, "options": {"expires": 3600}},
    "start_day": {"task": "leads.tasks.start_day", "schedule": 300.0, "options": {"expires": 300}},
    "promises": {"task": "leads.tasks.promises", "schedule": 60.0, "options": {"expires": 60}},
    "windows": {"task": "leads.tasks.windows", "schedule": 120.0, "options": {"expires": 120}},
    "same_day": {"task": "leads.tasks.same_day", "schedule": 300.0, "options": {"expires": 300}},
    "reviews": {"task": "leads.tasks.reviews", "schedule": 900.0, "options": {"expires": 900}},
    "pool": {"task": "leads.tasks.pool", "schedule": 3600.0, "options": {"expires": 3600}},
    "occasions": {"task": "leads.tasks.occasions", "schedule": 120.0, "options": {"expires": 120}},
    "greetings": {"task": "campaigns.tasks.greetings", "schedule": 600.0, "options": {"expires": 600}},
    "milestones": {"task": "campaigns.tasks.milestones", "schedule": 300.0, "options": {"expires": 300}},
    "broadcasts": {"task": "campaigns.tasks.broadcasts", "schedule": 60.0, "options": {"expires": 60}},
    "imports": {"task": "leads.tasks.imports", "schedule": 60.0, "options": {"expires": 60}},
    "backup": {"task": "crm.tasks.backup", "schedule": 600.0, "options": {"expires": 600}},
    "outbox": {"task": "crm.tasks.outbox", "schedule": 5.0, "options": {"expires": 5}},
    "stops": {"task": "leads.tasks.stops", "schedule": 30.0, "options": {"expires": 30}},
    "singles": {"task": "leads.tasks.singles", "schedule": 20.0, "options": {"expires": 20}},
    "calendar": {"task": "leads.tasks.calendar", "schedule": 60.0, "options": {"expires": 60}},
    "policies": {"task": "leads.tasks.policies", "schedule": 60.0, "options": {"expires": 60}},
}


def soon(task: str, *args: int) -> None:
    """Have the worker do a task once the transaction is through.

    The page neither fails nor waits long when the broker is away: what is asked for stands in the tables, and a sweep
    finds it there.
    """

    def send() -> None:
        try:
            app.send_task(task, args=args)
        except (OperationalError, RedisError) as problem:
            log.warning("task_not_queued", task=task, args=args, why=type(problem).__name__)

    transaction.on_commit(send)


def settle_lists(project_id: int) -> None:
    """Have a project's lists settled anew (PX-7: a leave of today): now, or by the sweep that finds it unsettled."""
    from crm.actions.jobs import ask_again  # models can be loaded only after this module was

    ask_again("settle_day", project_id)
    soon("leads.tasks.settle_project", project_id)


def carry_stops() -> None:
    """Have the worker take opted-out customers off the call lists: now, or at the next sweep."""
    soon("leads.tasks.stops")
