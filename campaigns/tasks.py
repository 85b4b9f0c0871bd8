"""Background jobs of campaigns: short, safe to run twice or late. The tables hold the truth."""

from __future__ import annotations

from celery import shared_task

from campaigns import facts_broadcasts, facts_greetings, facts_milestones
from campaigns.actions import broadcasts as broadcasting
from campaigns.actions import greetings as actions
from campaigns.actions import telling
from campaigns.models import FestivalDay, Milestone
from crm import clock
from crm.actions.jobs import recorded
from crm.models import Project


@shared_task
def greetings() -> None:
    """Festivals that come near: who has to review them is told, each project's greeting is planned or sent."""
    with recorded("greetings", clock=clock.now) as result:
        result["told"] = actions.tell_unreviewed(at=clock.now())
        due = facts_greetings.waiting(at=clock.now())
        result["waiting"] = len(due)
    for festival_id, project_id, on_the_day in due:
        greet.delay(festival_id, project_id, on_the_day)


@shared_task
def greet(festival_id: int, project_id: int, on_the_day: bool) -> None:
    """Plan one project's greeting, on the day itself send it."""
    with recorded("greet", project_id=project_id, clock=clock.now) as result:
        festival = FestivalDay.objects.get(pk=festival_id)
        project = Project.objects.get(pk=project_id)
        step = actions.launch_greeting if on_the_day else actions.plan_greeting
        greeting = step(festival=festival, project=project, at=clock.now())
        result.update(festival=festival.code, calls=greeting.calls, problem=greeting.problem)


@shared_task
def milestones() -> None:
    """Approved milestones: planned ahead, told from their day of notice on."""
    with recorded("milestones", clock=clock.now) as result:
        due = facts_milestones.waiting(at=clock.now())
        result["waiting"] = len(due)
    for milestone_id, now in due:
        tell_milestone.delay(milestone_id, now)


@shared_task
def tell_milestone(milestone_id: int, now: bool) -> None:
    """Plan one milestone, from its day of notice on send it."""
    row = Milestone.objects.select_related("project", "occasion", "run").get(pk=milestone_id)
    with recorded("milestone", project_id=row.project_id, clock=clock.now) as result:
        row = telling.plan_milestone(milestone=row, at=clock.now(), launch=now)
        result.update(milestone=row.pk, calls=row.calls, problem=row.problem)


@shared_task
def broadcasts() -> None:
    """Broadcasts: wanted rehearsals, approved ones whose hour has come, plans that nobody wants any more."""
    with recorded("broadcasts", clock=clock.now) as result:
        wanted, due = facts_broadcasts.to_plan(), facts_broadcasts.to_start(at=clock.now())
        for broadcast_id in due:
            broadcasting.start_due(broadcast_id=broadcast_id, at=clock.now())
        result.update(wanted=len(wanted), due=len(due), dropped=broadcasting.drop_strays(at=clock.now()))
    for broadcast_id in wanted:
        rehearse.delay(broadcast_id)


@shared_task
def rehearse(broadcast_id: int) -> None:
    """Plan one broadcast: who gets it and when, who does not and why."""
    with recorded("rehearse", clock=clock.now) as result:
        result.update(
            broadcast=broadcast_id,
            planned=broadcasting.rehearse(broadcast_id=broadcast_id, at=clock.now()),
        )
