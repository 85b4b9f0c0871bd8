"""Believable demo data: two sales centres, one login for each role, a month of calls, visits and follow-ups.

Everything that happens in it goes through the same actions as the screens, day by day with the day's own time, so the
plans, tasks and figures of the demo are what the product would have made of such a month.
"""

from __future__ import annotations

import datetime as dt
import random

from crm.actions.calendars import load_calendars
from crm.actions.notices import Telling, tell
from crm.actions.places import create_project
from crm.calendar_files import shipped_years
from crm.models import (
    Area,
    Building,
    Membership,
    Occasion,
    Project,
    Unit,
    UnitType,
    User,
    WeeklyRest,
)
from crm.roles import Role
from leads.actions import deals, ending, grading, settling
from leads.actions.contacts import ContactSheet, log_contact
from leads.actions.registering import Party, VisitSheet, register_call, register_visit
from leads.models import CallTask, DealStep, HeardVia, Lead
from leads.vocabulary import CAUSES, HEARD_VIA, INTERESTS, LOST_REASONS

PASSWORD = "jiangpan-2026"  # noqa: S105 - printed on the first start of a demo, refused in production
DAYS = 24
PEOPLE = (
    ("linxiao", "林晓", Role.CONSULTANT, 0),
    ("meiting", "梅婷", Role.CONSULTANT, 0),
    ("chenyu", "陈宇", Role.CONSULTANT, 0),
    ("qiantai", "何静", Role.FRONT_DESK, 0),
    ("neiye", "孙岚", Role.CONTRACTS_CLERK, 0),
    ("jingli", "吴刚", Role.SALES_MANAGER, 0),
    ("jingli2", "郑敏", Role.SALES_MANAGER, 0),
    ("zongjian", "赵海", Role.SALES_DIRECTOR, None),
    ("cehua", "苏晴", Role.MARKETING, 0),
    ("kefu", "丁洁", Role.SPECIALIST, 0),
    ("weixiu", "马强", Role.REPAIRER, 0),
    ("pianqu", "高远", Role.AREA_ADMINISTRATOR, 0),
    ("zhuli", "方琳", Role.ASSISTANT, 0),
    ("zhuren", "魏东", Role.DIRECTOR, None),
    ("admin", "系统管理员", Role.SYSTEM_ADMINISTRATOR, None),
    ("xujia", "许佳", Role.CONSULTANT, 1),
    ("wujingli", "吴磊", Role.SALES_MANAGER, 1),
)
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗"
GIVEN = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "涛",
    "明",
    "超",
    "秀英",
    "建华",
    "晓东",
    "雨桐",
    "子涵",
)
NEWS = (
    "孩子明年上小学，最近在比学区。",
    "刚看过隔壁楼盘，觉得我们绿化好。",
    "首付还差一点，月底到位。",
    "周末想带父母再来看一次。",
    "",
)
OUTCOMES = ("talked",) * 11 + ("no_answer",) * 5 + ("busy", "callback_arranged", "refused", "hung_up")


class Story:
    """A month in the life of the demo's two sales centres."""

    def __init__(self, chance: random.Random, now: dt.datetime) -> None:
        self.chance, self.now = chance, now
        self.people: dict[str, User] = {}
        self.projects: list[Project] = []
        self.numbers = iter(range(13900000000, 13999999999, 7919))

    def set_up(self) -> None:
        """Places, people, rest days, occasions."""
        admin = User(username="admin", name="系统管理员", is_active=True)
        admin.set_password(PASSWORD)
        hashed = admin.password
        admin.save()
        self.people["admin"] = admin
        load_calendars(years=shipped_years(), by=None, at=self.now)
        for name, short, hotline in (
            ("江畔雅苑", "江畔雅苑", "0571-88886666"),
            ("云栖新城", "云栖新城", "0571-66668888"),
        ):
            self.projects.append(
                create_project(
                    by=admin, at=self.now, name=name, short_name=short, signature=short, hotline=hotline
                )
            )
        self._build(self.projects[0])
        for project in self.projects:
            HeardVia.objects.bulk_create(
                [HeardVia(project=project, name=word.zh) for word in HEARD_VIA.values()],
                ignore_conflicts=True,
            )
        area = Area.objects.get(project=self.projects[0])
        for username, name, role, place in PEOPLE:
            user = self.people.get(username) or self._colleague(username, name, hashed)
            self.people[username] = user
            Membership.objects.create(
                user=user,
                role=role,
                project=None if place is None else self.projects[place],
                area=area if role is Role.AREA_ADMINISTRATOR else None,
            )
        lin, mei, chen = (self.people[name] for name in ("linxiao", "meiting", "chenyu"))
        yesterday = (self.now - dt.timedelta(days=1)).weekday()
        for user, weekday, stand_in in ((mei, (yesterday + 4) % 7, lin), (chen, (yesterday + 5) % 7, mei)):
            WeeklyRest.objects.create(user=user, weekday=weekday, stand_in=stand_in)
        today = self.now.astimezone(self.projects[0].zone).date()
        Occasion.objects.create(
            project=self.projects[0],
            kind=Occasion.Kind.OFFER,
            title="本月首付分期",
            text="本月认购可享首付两次付清，名额有限，可请客户到案场核对。",
            starts_on=today - dt.timedelta(days=5),
            ends_on=today + dt.timedelta(days=20),
            created_by=self.people["jingli"],
        )

    def _colleague(self, username: str, name: str, hashed: str) -> User:
        """With a mobile, so that a test message can be asked for."""
        mobile = f"+86139{10000000 + len(self.people):08d}"
        return User.objects.create(username=username, name=name, password=hashed, mobile=mobile)

    def _build(self, project: Project) -> None:
        types = [
            UnitType.objects.create(project=project, name=name, rooms=rooms, area_sqm=area)
            for name, rooms, area in (
                ("A户型", "三房两厅", 89),
                ("B户型", "三房两厅", 108),
                ("C户型", "四房两厅", 128),
            )
        ]
        area = Area.objects.create(project=project, name="东片区")
        for name in ("1幢", "2幢", "3幢"):
            building = Building.objects.create(project=project, name=name)
            area.buildings.add(building)
            Unit.objects.bulk_create(
                Unit(
                    project=project,
                    building=building,
                    unit_type=kind,
                    number=f"{floor}{door:02d}",
                    floor=floor,
                    area_sqm=kind.area_sqm,
                    list_price=int(kind.area_sqm or 0) * (21000 + floor * 120),
                )
                for floor in range(1, 19)
                for door, kind in enumerate(types, 1)
            )

    def tell(self) -> None:
        """Live through the days up to now."""
        zone = self.projects[0].zone
        today = self.now.astimezone(zone).date()
        for back in range(DAYS, -1, -1):
            day = today - dt.timedelta(days=back)
            self._newcomers(day)
            self._follow_up(day, today)
        self._deals(today)
        for project in self.projects:
            settling.settle_day(project=project, at=self.now)
        tell(
            [Telling(self.people["linxiao"].pk, self.projects[0].pk, "welcome", "welcome", {}, "/today/")],
            at=self.now,
        )

    def _moment(self, day: dt.date, hour: int) -> dt.datetime | None:
        """A minute of that hour, or None while it has not come."""
        zone = self.projects[0].zone
        moment = dt.datetime.combine(day, dt.time(hour, self.chance.randrange(60)), zone)
        return moment if moment < self.now else None

    def _party(self, project: Project, consultant: User | None) -> Party:
        surname, given = self.chance.choice(SURNAMES), self.chance.choice(GIVEN)
        return Party(
            project=project,
            phone=str(next(self.numbers)),
            name=surname + given,
            salutation=self.chance.choice(("mr", "ms", "ms", "mr", "unknown")),
            heard_via=self.chance.choice(list(HeardVia.objects.filter(project=project)[:8])),
            consultant=consultant,
        )

    def _newcomers(self, day: dt.date) -> None:
        team = [self.people[name] for name in ("linxiao", "linxiao", "meiting", "chenyu")]
        for hour in (10, 14):
            moment = self._moment(day, hour)
            if moment is None:
                continue
            nobody = self.chance.random() < 0.08
            owner = None if nobody else self.chance.choice(team)
            by = self.people["qiantai"]
            party = self._party(self.projects[0], owner)
            if hour == 10:
                register_call(party=party, happened_at=moment, talked=False, by=by, at=moment)
                continue
            sheet = VisitSheet(
                party_size=self.chance.randint(1, 4),
                wanted_type=self.chance.choice(("三房", "四房", "两房")),
                wanted_area=self.chance.choice(("89", "100-120", "128")),
                grade=self.chance.choice("AABBBCCD") if self.chance.random() < 0.9 else "",
                grade_reason="现场判断",
                interests=tuple(self.chance.sample(list(INTERESTS), 2)),
                objections=tuple(self.chance.sample(list(CAUSES), self.chance.randint(0, 1))),
            )
            register_visit(party=party, happened_at=moment, by=by, at=moment, sheet=sheet, received_by=owner)
        if day.weekday() == 5 and (moment := self._moment(day, 15)) is not None:
            party = self._party(self.projects[1], self.people["xujia"])
            register_visit(
                party=party,
                happened_at=moment,
                by=self.people["xujia"],
                at=moment,
                sheet=VisitSheet(grade="B"),
            )

    def _follow_up(self, day: dt.date, today: dt.date) -> None:
        """The consultants work their lists; today is left for whoever tries the demo."""
        if day == today:
            return
        rows = CallTask.objects.open().filter(
            kind__in=["cadence", "promise"], list_day__lte=day, assignee__isnull=False
        )
        for number, task in enumerate(rows.select_related("lead", "assignee").order_by("pk")):
            task.refresh_from_db()
            if task.state != CallTask.State.OPEN or self.chance.random() < 0.08:
                continue
            moment = self._moment(day, 15 + number % 5)
            if moment is None or moment < task.opens_at or task.assignee is None:
                continue
            self._log(task, moment)

    def _log(self, task: CallTask, moment: dt.datetime) -> None:
        outcome = self.chance.choice(OUTCOMES)
        talked = outcome in ("talked", "callback_arranged")
        quality = (
            ""
            if task.clause != "SC-1.1" or not talked
            else self.chance.choice(("quality", "quality", "not_quality"))
        )
        sheet = ContactSheet(
            outcome,
            promised_at=moment + dt.timedelta(days=self.chance.randint(1, 4))
            if outcome == "callback_arranged"
            else None,
            news=self.chance.choice(NEWS) if talked else "",
            quality=quality,
            intention=self.chance.choice(("up", "same", "down")) if talked else "",
        )
        assert task.assignee is not None
        log_contact(
            lead_id=task.lead_id,
            task_id=task.pk,
            sheet=sheet,
            happened_at=moment,
            by=task.assignee,
            at=moment,
            tapped_at=moment - dt.timedelta(minutes=2),
        )

    def _deals(self, today: dt.date) -> None:
        moment = self.now - dt.timedelta(days=2)
        buyers = Lead.objects.filter(
            project=self.projects[0], grade="A", state="live", consultant__isnull=False
        )
        units = list(Unit.objects.filter(project=self.projects[0]).order_by("pk")[:4])
        steps: list[DealStep] = []
        for lead, unit in zip(buyers.order_by("pk")[:3], units, strict=False):
            steps.append(
                deals.open_deal(
                    lead_id=lead.pk,
                    step="subscribed",
                    happened_at=moment,
                    by=lead.consultant or self.people["linxiao"],
                    at=moment,
                    unit=unit,
                    price=unit.list_price,
                )
            )
        for step in steps[:2]:
            deals.approve_step(step_id=step.pk, by=self.people["jingli"], at=moment + dt.timedelta(hours=1))
        others = Lead.objects.filter(project=self.projects[0], state="live", grade__in=["C", "B"])
        for lead in others.order_by("pk")[:2]:
            ending.end_lead(
                lead_id=lead.pk,
                verdict="lost",
                reason=next(iter(LOST_REASONS)),
                note="",
                by=self.people["jingli"],
                at=moment,
            )
        key = others.filter(grade="B").order_by("-pk").first()
        if key is not None:
            grading.set_key(lead_id=key.pk, is_key=True, by=self.people["jingli"], at=moment)
