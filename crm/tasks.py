"""Background jobs of the kernel: three lines each, safe to run twice."""

from __future__ import annotations

from celery import current_app, shared_task
from django.conf import settings

from crm import clock, health
from crm.actions import sessions, sign_ins
from crm.actions.jobs import recorded
from crm.backup import schedule
from crm.backup.writing import write
from crm.models import Gateway
from crm.outbox import draining, sweeping

OUTBOX_TICK = 5  # seconds
DRAIN_SECONDS = 12.0  # the limit leaves room for one socket timeout and the recording after it


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


@shared_task
def outbox() -> None:
    """The tick of the outbox: have each line drained, and put the rows in order. Losing or doubling it does no harm.

    The lines come first: no message and no reply waits for a round over a million rows.
    """
    for gateway in Gateway.objects.filter(state=Gateway.State.ON):
        for _session in range(draining.sessions_of(gateway)):
            drain.apply_async((gateway.pk,), queue=f"gateway.{gateway.kind}", expires=OUTBOX_TICK)
    with recorded("outbox", clock=clock.now) as result:
        result.update(sweeping.sweep(at=clock.now()))


@shared_task(soft_time_limit=28, time_limit=30)
def drain(gateway_id: int) -> None:
    """Send and listen over one line for a while; who opted out leaves the call lists at once."""
    done = draining.drain(gateway_id=gateway_id, seconds=DRAIN_SECONDS, clock=clock.now, stays=True)
    if done.opted_out:
        current_app.send_task("leads.tasks.stops")
