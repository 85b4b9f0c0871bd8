"""XSS: every text that a row can hold is markup, stored past all forms; every page must show it as text.

Each field of each row gets a mark of its own, an element with an attribute of code, so a page that takes one for markup
says whose it was. A field that no page shows stands in NOT_SHOWN. Then the forms: whatever is typed comes back as text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models, transaction
from django.urls import reverse

from crm.models import User
from crm.roles import Role
from leads.models import ImportBatch
from tests.access.test_url_matrix import SIGNS_OUT, client_of, matrix
from tests.access.world import API, World, address, routes
from tests.attacks.furnished import NOTICE_KINDS, WORDS, furnish, params
from tests.attacks.markup import read

pytestmark = pytest.mark.django_db
READERS = (
    Role.CONSULTANT, Role.FRONT_DESK, Role.CONTRACTS_CLERK, Role.SALES_MANAGER, Role.MARKETING,
    Role.SYSTEM_ADMINISTRATOR,
)  # fmt: skip
PAGES = [
    route
    for route in routes()
    if not route.startswith(("admin/", "accounts/log", API)) and route not in SIGNS_OUT
]
CODED = {
    "password", "sessions_mark", "language", "device_key", "session_key", "prefix", "digest", "key", "time_zone", "e164",
    "reversed", "bad_reason", "wish_before", "channel", "clause", "outcome", "kind", "url", "secret", "nonce", "festival",
    "halted", "reason_code", "state", "gateway_ref", "status", "hint", "verb", "target", "quiet_clause", "held_reason",
    "review_clause", "cause", "grade", "encoding", "fingerprint", "moved_reason", "excused", "photo", "opt_out",
    "end_reason", "seed", "email", "to",
}  # fmt: skip
"""What the product writes itself: codes, keys, sums. Everything else may have come from a person or a machine outside."""
NOT_CODED = {("GatewayTemplate", "code"), ("InboundMessage", "sender")}
CODES = {
    ("FestivalDay", "code"), ("GreetingText", "code"), ("Message", "reason"), ("LeadEvent", "value"), ("Exclusion", "reason"),
    ("Exclusion", "detail"), ("Attempt", "code"), ("Receipt", "code"), ("Suppression", "number"),
    ("ImportBatch", "error"),
}  # fmt: skip
NOT_SHOWN = {
    "Consent.wording", "CustomerPhone.raw", "DowngradeReview.note", "GatewayTemplate.note", "InboundMessage.sender",
    "MergeRecord.reason", "RefusedRow.sheet", "SendRun.consultant", "StaffName.name", "notice pool_waiting", "notice same_day_missed",
    "notice welcome",
}  # fmt: skip
"""What no page repeats: it is kept for the record, compared, or a notice that only counts."""
MARK = "\"'><i onqz>"
MARKED = "&lt;i onqz&gt;"
SHORTEST = len("\"'><i onq000z>")


class Marks:
    """Markup that is an element with an attribute of code, wherever it is taken for markup. `fields` says whose it is."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.second: dict[str, int] = {}

    def __call__(self, field: str) -> str:
        name = f"onq{len(self.fields)}z"
        self.fields[name] = field
        return f"\"'><i {name}>"

    def shown_in(self, html: str) -> set[str]:
        return {field for name, field in self.fields.items() if f"&lt;i {name}&gt;" in html}


def texts() -> Iterator[tuple[type[models.Model], models.Field[Any, Any]]]:
    """Every column that holds free text."""
    for model in apps.get_models():
        if model._meta.app_label not in ("crm", "leads", "campaigns"):
            continue
        for column in model._meta.concrete_fields:
            free = isinstance(column, models.CharField | models.TextField) and not column.choices
            place = (model.__name__, column.name)
            short = isinstance(column, models.CharField) and (column.max_length or 999) < SHORTEST
            if free and not short and (column.name not in CODED or place in NOT_CODED) and place not in CODES:
                yield model, column


def store(marks: Marks) -> None:
    """A mark in every text of every row, past forms and actions: as an import or an older version may have left it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger: some tables only grow
    for model, column in texts():
        place = f"{model.__name__}.{column.name}"
        rows = model._default_manager.all()
        assert rows.exists(), f"nothing holds {place}: tests/attacks/furnished.py makes what is missing"
        for pk in rows.values_list("pk", flat=True):
            rows.filter(pk=pk).update(**{column.name: marks(place)})
    for model, name in ((User, "aliases"),):
        assert isinstance(model._meta.get_field(name), ArrayField)
        model._default_manager.update(**{name: [marks(f"{model.__name__}.{name}")]})
    for kind in NOTICE_KINDS:
        words = {name: marks(f"notice {kind}") for name in WORDS}
        apps.get_model("crm", "Notice")._default_manager.filter(kind=kind).update(params=params() | words)
    apps.get_model("leads", "RefusedRow")._default_manager.update(cells=[marks("RefusedRow.cells")])
    apps.get_model("crm", "Gateway")._default_manager.update(settings={"host": marks("Gateway.settings")})
    apps.get_model("leads", "GradeMeaning")._default_manager.update(words=[marks("GradeMeaning.words")])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.fixture(scope="module")
def marks(world: World) -> Marks:
    """The world of the module, every text of it a mark."""
    second = furnish(world)
    batch = ImportBatch.objects.filter(pk=world.things["batch"])
    check: dict[str, Any] = {
        "sample": [],
        "refused_sample": [],
        "reasons": {},
        "notes": {},
        "grades": {},
        "grade_words": {},
    }
    batch.update(state=ImportBatch.State.DONE, report={"check": check}, total=1, refused=1)
    found = Marks()
    store(found)
    found.second = second
    return found


def pages(world: World, marks: Marks, role: Role) -> Iterator[tuple[str, str]]:
    """(address, HTML) of every page and part that somebody may read, of some things in two states."""
    client = client_of(world.people[role])
    opens = (200, 302)  # an upload that waits for its columns sends one there; here it is loaded
    readable = {route for (route, method), who in matrix().items() if method == "GET" and who[role] in opens}
    for route in readable.intersection(PAGES):
        for url in sorted({address(route, things) for things in (world.things, world.things | marks.second)}):
            with transaction.atomic():
                answer = client.get(url)
                transaction.set_rollback(True)
            assert answer.status_code < 500, url
            if answer.status_code == 200 and "html" in answer.headers["Content-Type"]:
                yield url, answer.content.decode()


def blamed(html: str, marks: Marks) -> set[str]:
    """What a page takes for markup, by the field whose mark it is."""
    return {marks.fields.get(each.partition("=")[0], each) for each in read(html).problems}


def test_stored_markup_is_text_on_every_page(world: World, marks: Marks) -> None:
    broken, shown = set[str](), set[str]()
    for role in READERS:
        for url, html in pages(world, marks, role):
            shown |= marks.shown_in(html)
            broken |= {f"{url}: {what}" for what in blamed(html, marks)}
    assert broken == set()
    assert set(marks.fields.values()) - shown == NOT_SHOWN


def forms(world: World, marks: Marks, role: Role) -> set[tuple[str, bool, frozenset[str]]]:
    """Every form of every page, once: where it goes, whether it posts, the names of its fields."""
    found = set()
    for url, html in pages(world, marks, role):
        for form in read(html).forms:
            where = (form.action or url).partition("?")[0]
            if where.lstrip("/") not in SIGNS_OUT and not where.startswith("/accounts/"):
                found.add((where, form.post, frozenset(form.fields - {"csrfmiddlewaretoken"})))
    return found


@pytest.mark.parametrize("role", READERS)
def test_what_is_typed_comes_back_as_text(world: World, marks: Marks, role: Role) -> None:
    """Every form of every page, each field of it markup: refused or not, nothing is taken for markup; nothing fails."""
    client, wrong, answered = client_of(world.people[role]), set[str](), 0
    for where, post, names in forms(world, marks, role):
        with transaction.atomic():
            answer = (client.post if post else client.get)(where, dict.fromkeys(names, MARK))
            transaction.set_rollback(True)
        if answer.status_code >= 500:
            wrong.add(f"{where}: {answer.status_code}")
        elif "html" in answer.headers.get("Content-Type", "") and not answer.streaming:
            answered += MARKED in answer.content.decode()
            wrong |= {f"{where}: {what}" for what in blamed(answer.content.decode(), marks)}
    assert wrong == set()
    assert answered > 1, "nothing came back"


def register(name: str, *rows: tuple[str, ...]) -> SimpleUploadedFile:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return SimpleUploadedFile(name, text.getvalue().encode())


def test_a_register_and_a_list_of_units_are_text(world: World, marks: Marks) -> None:
    """Headers, cells, names of staff and of the file, in each step of loading it."""
    manager, root = (
        client_of(world.people[Role.SALES_MANAGER]),
        client_of(world.people[Role.SYSTEM_ADMINISTRATOR]),
    )
    found = Marks()
    head, cell, who, name = found("header"), found("cell"), found("staff"), found("file name")
    rows = (
        ("日期", "手机", "姓名", "置业顾问", head),
        ("昨天啊", "123", cell, who, "x"),
        ("2026-03-01", "13900139009", cell, who, cell),
    )
    manager.post(reverse("leads:import_new"), {"file": register(f"{name}.csv", *rows)})
    batch = ImportBatch.objects.latest("pk")
    columns, state = (
        reverse("leads:import_columns", args=[batch.pk]),
        reverse("leads:import", args=[batch.pk]),
    )
    form = manager.get(columns).context["form"]
    seen = manager.get(columns).content.decode()
    chosen = {key: field.initial for key, field in form.fields.items() if field.initial is not None}
    manager.post(columns, {**chosen, "register": "calls"})
    seen += manager.get(state).content.decode()
    manager.post(reverse("leads:import_start", args=[batch.pk]), {"known": "fill", "staff_0": "pool"})
    seen += manager.get(state).content.decode() + manager.get(reverse("leads:imports")).content.decode()
    units = register("u.csv", ("楼栋", "房号"), (found("building"), ""))
    seen += root.post("/units/import/", {"file": units}).content.decode()
    assert blamed(seen, found) == set()
    assert found.shown_in(seen) == set(found.fields.values())


def test_the_marks_are_markup_when_taken_for_it() -> None:
    marks = Marks()
    for html in ("<p>{}</p>", '<p title="{}">x</p>', "<p title='{}'>x</p>", "<p title={}>x</p>"):
        mark = marks("x")
        assert blamed(html.format(mark), marks), html
