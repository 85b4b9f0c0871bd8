"""Background jobs of the kernel: three lines each, safe to run twice."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from crm import clock, health
from crm.actions import sessions, sign_ins
from crm.actions.jobs import recorded
from crm.backup import schedule
from crm.backup.writing import write


@shared_task
def heartbeat() -> None:
    """Prove to /healthz that scheduler, broker and worker work together."""
    health.tick(at=clock.now())


@shared_task(soft_time_limit=780, time_limit=840)  # below the broker's visibility timeout
def backup() -> None:
    """Write the day's backup once its time has come (CRM_BACKUP_AT); a missed tick is made up for."""
    if not schedule.due(at=clock.now()):
        return
    with recorded("backup", clock=clock.now) as result:
        env = settings.ENV
        write(env.backups, at=clock.now(), media=settings.MEDIA_ROOT, keep=env.backup_keep, told=result)


@shared_task
def forget() -> None:
    """Remove what signing in leaves behind once its time is over."""
    with recorded("forget", clock=clock.now) as result:
        result["history"] = sign_ins.forget_old(at=clock.now())
        result["sessions"] = sessions.forget_dead(at=clock.now())
