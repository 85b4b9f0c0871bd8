"""Background jobs of sales: short, safe to run twice or late. The tables hold the truth; a lost job is made up for."""

from __future__ import annotations

from collections.abc import Callable

from celery import shared_task

from crm import clock
from crm.actions.jobs import recorded
from crm.models import PolicyVersion, Project
from leads.actions import (
    importing_run,
    messaging,
    occasion_calls,
    replanning,
    settling,
    stopping,
    sweeping,
    undoing,
)


def _each_project(name: str, sweep: Callable[..., int]) -> None:
    """One project's failure is recorded and told, and keeps no other project from its sweep."""
    failures: list[Exception] = []
    for project in Project.objects.filter(active=True).order_by("pk"):
        try:
            with recorded(name, project_id=project.pk, clock=clock.now) as result:
                result["found"] = sweep(project=project, at=clock.now())
        except Exception as failure:  # noqa: BLE001 - raised below, once every project had its turn
            failures.append(failure)
    if failures:
        raise failures[0]


@shared_task
def start_day() -> None:
    """Settle the lists of every project whose new day has begun and is not settled yet."""
    with recorded("start_day", clock=clock.now) as result:
        projects = settling.unsettled(at=clock.now())
        result["projects"] = len(projects)
    for project in projects:
        settle_project.delay(project.pk)


@shared_task
def settle_project(project_id: int) -> None:
    """Settle one project's lists."""
    with recorded("settle_day", project_id=project_id, clock=clock.now) as result:
        settled = settling.settle_day(project=Project.objects.get(pk=project_id), at=clock.now())
        result.update(day=settled.day.isoformat(), leads=settled.leads, gave_way=settled.gave_way)


@shared_task
def promises() -> None:
    """Promised callbacks that are due."""
    _each_project("promises", sweeping.sweep_promises)


@shared_task
def windows() -> None:
    """Contact windows that have opened."""
    _each_project("windows", sweeping.sweep_windows)


@shared_task
def same_day() -> None:
    """Same-day duties nobody has reached yet."""
    _each_project("same_day", sweeping.sweep_same_day)


@shared_task
def reviews() -> None:
    """Grade duties and reviews past their day."""
    _each_project("reviews", sweeping.sweep_reviews)


@shared_task
def pool() -> None:
    """Leads without a consultant for too long."""
    _each_project("pool", sweeping.sweep_pool)


@shared_task
def occasions() -> None:
    """Greetings and milestone calls whose moment has passed."""
    with recorded("occasions", clock=clock.now) as result:
        result["leads"] = occasion_calls.close_passed(at=clock.now())


@shared_task
def policies() -> None:
    """Approved policies whose date has come and whose plans are not recomputed yet: made up for after a loss."""
    with recorded("policies", clock=clock.now) as result:
        versions = list(replanning.waiting(at=clock.now()))
        result["waiting"] = len(versions)
    for version in versions:
        for lane in range(replanning.LANES):
            replan_project.delay(version.project_id, version.pk, lane)


@shared_task
def replan_project(project_id: int, version_id: int, lane: int | None = None) -> None:
    """Recompute every plan of a project under a new policy, a slice at a time; the next slice is a job of its own."""
    with recorded("replan", project_id=project_id, clock=clock.now) as result:
        version = PolicyVersion.objects.get(pk=version_id, project=project_id)
        step = replanning.replan_slice(version=version, at=clock.now(), lane=lane)
        result.update(done=step.done, left=step.left)
    if step.left:
        replan_project.delay(project_id, version_id, lane)


@shared_task
def calendar() -> None:
    """Duties counted in working days that were dated before the calendar was corrected."""
    with recorded("calendar", clock=clock.now) as result:
        step = replanning.follow_calendar(at=clock.now())
        result.update(done=step.done, left=step.left)
    if step.left:
        calendar.delay()


@shared_task
def imports() -> None:
    """Imports, and undoings of imports, whose worker was lost or whose start was never heard."""
    with recorded("imports", clock=clock.now) as result:
        batches = list(importing_run.waiting(at=clock.now()))
        undone = list(undoing.waiting(at=clock.now()))
        result["waiting"] = len(batches) + len(undone)
    for batch_id in batches:
        run_import.delay(batch_id)
    for batch_id in undone:
        undo_import.delay(batch_id)


@shared_task
def run_import(batch_id: int) -> None:
    """Some slices of one import; the next ones are a job of its own."""
    with recorded("import", clock=clock.now) as result:
        more = importing_run.advance(batch_id=batch_id, at=clock.now())
        result.update(batch=batch_id, more=more)
    if more:
        run_import.delay(batch_id)


@shared_task
def stops() -> None:
    """Stops of calls, and their lifting, that the leads do not know yet; replies get their owner."""
    with recorded("stops", clock=clock.now) as result:
        result.update(stopping.carry(at=clock.now()))


@shared_task
def singles() -> None:
    """Single messages whose fate at the gateway the leads do not know yet; duties that the cap holds since."""
    with recorded("singles", clock=clock.now) as result:
        result.update(messaging.follow(at=clock.now()))
        result["held"] = messaging.make_room(at=clock.now())


@shared_task
def undo_import(batch_id: int) -> None:
    """Some slices of undoing one import; the next ones are a job of its own."""
    with recorded("undo_import", clock=clock.now) as result:
        more = undoing.advance(batch_id=batch_id, at=clock.now())
        result.update(batch=batch_id, more=more)
    if more:
        undo_import.delay(batch_id)
