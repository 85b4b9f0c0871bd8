"""What the demo tells its customers: reviewed festivals, milestones in each state, a broadcast to approve.

Never in production.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from campaigns.actions import broadcasts, festivals, milestones
from campaigns.actions.broadcasts import BroadcastSheet
from campaigns.actions.milestones import MilestoneSheet
from campaigns.rules_milestones import DEFAULTS, Kind
from crm.access import colleagues
from crm.models import Project, User
from crm.roles import Role

YEARS_AHEAD = 5
# kind, title, body, days until the day, days until customers are told, how far it is
PLAN = (
    (
        Kind.CONSTRUCTION,
        "3#楼主体封顶",
        "好消息：{project}{title}，工程如期推进，欢迎到现场看看。",
        9,
        0,
        "approved",
    ),
    (
        Kind.SHOW_FLAT,
        "样板间开放日",
        "{project}样板间将于{day}开放，诚邀您和家人参观品鉴。",
        16,
        6,
        "submitted",
    ),
    (Kind.PROMOTION, "岁末购房节", "{project}岁末购房节{day}启幕，多重优惠等您到场了解。", 26, 14, "draft"),
)


@transaction.atomic
def tell(*, at: dt.datetime) -> int:
    """Fill an empty demo; returns how many milestones there are. Nothing is written twice."""
    festivals.fill(years=range(at.year, at.year + YEARS_AHEAD + 1), at=at)
    project = Project.objects.filter(active=True).order_by("pk").first()
    if project is None or project.milestones.exists():
        return 0
    writer, manager = _one(project, Role.MARKETING), _one(project, Role.SALES_MANAGER)
    director = _one(project, Role.SALES_DIRECTOR)
    if writer is None or manager is None or director is None:
        return 0
    for year in (at.year, at.year + 1):
        festivals.review(year=year, by=director, at=at)
    today = at.astimezone(project.zone).date()
    for kind, title, body, day, notice, state in PLAN:
        told = DEFAULTS[kind]
        sheet = MilestoneSheet(
            kind=kind.value,
            title=title,
            body=body,
            day=today + dt.timedelta(days=day),
            notice_day=today + dt.timedelta(days=notice),
            grades=told.grades,
            to_callers=told.callers,
            to_buyers=told.buyers,
            referrals=told.referrals.value,
        )
        row = milestones.save_milestone(project=project, sheet=sheet, by=writer, at=at)
        if state != "draft":
            milestones.submit(milestone_id=row.pk, by=writer, at=at)
        if state == "approved":
            milestones.approve(milestone_id=row.pk, by=manager, at=at)
    _broadcast(project, writer, at)
    return len(PLAN)


def _broadcast(project: Project, writer: User, at: dt.datetime) -> None:
    """One that waits for a manager: from tomorrow's morning window it may go."""
    tomorrow = at.astimezone(project.zone).date() + dt.timedelta(days=1)
    sheet = BroadcastSheet(
        title="岁末看房专场",
        body="{project}新推楼层可预约看房，优惠至{until}，欢迎您和家人来访。",
        starts_at=dt.datetime.combine(tomorrow, dt.time(10), project.zone),
        expires_at=dt.datetime.combine(tomorrow, dt.time(20), project.zone),
        filter={"who": "leads", "grades": ["A", "B"]},
    )
    row = broadcasts.save_and_rehearse(
        project=project, sheet=sheet, by=writer, at=at, save_as="A、B 级意向客户"
    )
    broadcasts.rehearse(broadcast_id=row.pk, at=at)
    row.refresh_from_db()
    if row.summary.get("messages"):
        broadcasts.submit(broadcast_id=row.pk, by=writer, at=at)


def _one(project: Project, role: Role) -> User | None:
    return colleagues(project.pk, role).first()
