"""Background jobs of the kernel: three lines each, safe to run twice."""

from __future__ import annotations

from celery import shared_task

from crm import clock, health


@shared_task
def heartbeat() -> None:
    """Prove to /healthz that scheduler, broker and worker work together."""
    health.tick(at=clock.now())
