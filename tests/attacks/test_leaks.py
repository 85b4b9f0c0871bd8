"""What counts, searches, look-ups, exports and public addresses tell to whom they should tell nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.models import LoginEvent
from crm.roles import Role
from leads.models import Lead
from tests import factories
from tests.crm.screens import signed_in
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
BEFORE = NOW - dt.timedelta(hours=3)
FAR_NUMBER, FAR_TAIL = "13700137009", "7009"


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    stage = set_stage()
    stage.visitor("王芳", "13800138000", at=BEFORE)
    return stage


@pytest.fixture
def theirs(mine: Stage) -> Lead:
    return set_stage("远山").visitor("欧阳若雪", FAR_NUMBER, at=BEFORE).lead


def test_the_desk_learns_of_no_customer_of_another_project(mine: Stage, theirs: Lead) -> None:
    for user in (mine.fang, mine.lin, mine.wu):
        client = signed_in(user)
        told, unknown, ours = (
            client.post(reverse("leads:lookup"), {"phone": phone}).content
            for phone in (FAR_NUMBER, "13700137008", "13800138000")
        )
        assert told == unknown
        assert ours != unknown


def test_lists_and_searches_find_nothing_of_another_project(mine: Stage, theirs: Lead) -> None:
    stranger, heard = str(theirs.consultant_id), str(theirs.heard_via_id)
    for user in (mine.lin, mine.wu):
        client = signed_in(user)
        for asked in ({"q": FAR_TAIL}, {"q": FAR_NUMBER}, {"q": "欧阳若雪"}):
            assert not client.get(reverse("leads:list"), asked).context["page"].rows
        for asked in ({"consultant": stranger}, {"source": heard}):
            found = client.get(reverse("leads:list"), asked)
            assert [row.customer.name for row in found.context["page"].rows] in ([], ["王芳"])
            assert "远山" not in found.content.decode()
    wu = signed_in(mine.wu)
    own = Lead.objects.get(project=mine.project)
    for asked in ({"q": FAR_TAIL}, {"q": "欧阳若雪"}):
        found = wu.get(reverse("leads:merge", args=[own.pk]), asked).context["found"]
        assert theirs.customer not in found
    assert wu.get(reverse("leads:today"), {"consultant": stranger}).status_code == 404
    for name in ("funnel", "compliance"):
        found = wu.get(reverse(f"leads:{name}"), {"by": "consultant", "consultant": stranger})
        assert stranger not in [str(getattr(row, "pk", "")) for row in found.context["rows"]]


def test_counts_are_of_ones_own(mine: Stage, theirs: Lead) -> None:
    wu, mei = signed_in(mine.wu), signed_in(mine.mei)
    assert wu.get(reverse("leads:manager")).context["bins"].total == 1
    assert wu.get(reverse("leads:funnel")).context["totals"]["visits"] == 1
    assert wu.get(reverse("leads:assigning")).context["waiting"] == 0
    assert not mei.get(reverse("leads:list")).context["page"].rows
    for name in ("list", "today"):
        assert "王芳" not in mei.get(reverse(f"leads:{name}")).content.decode()


def test_the_entry_just_saved_is_shown_to_who_made_it_only(mine: Stage, theirs: Lead) -> None:
    visit = theirs.visit_rows.get()
    for user in (mine.lin, mine.fang):
        page = signed_in(user).get(reverse("leads:register_visit"), {"saved": visit.pk})
        assert "saved" not in page.context
        assert "欧阳" not in page.content.decode()


def test_only_administrators_read_the_login_history_of_others(mine: Stage) -> None:
    LoginEvent.objects.create(user=mine.mei, kind=LoginEvent.Kind.SUCCESS, at=NOW)
    for user in (mine.lin, mine.wu, factories.make_user(Role.SALES_DIRECTOR)):
        client = signed_in(user)
        assert client.get(reverse("crm:sign_ins")).status_code == 403
        assert client.get(reverse("crm:user_sign_ins", args=[mine.mei.pk])).status_code in (403, 404)
        rows = client.get(reverse("account_history")).context["page"].rows
        assert {row.user_id for row in rows} <= {user.pk}


def test_public_addresses_append_at_most_and_always_answer_alike(mine: Stage) -> None:
    kinds = [kind for kind in apps.get_models() if kind._meta.app_label in ("crm", "leads", "campaigns")]
    kept = {kind: set(kind._default_manager.values_list("pk", flat=True)) for kind in kinds}
    client, answers = Client(), []
    for name in (mine.lin.username, "nobody", mine.lin.username.upper()):
        answer = client.post("/accounts/login/", {"login": name, "password": "wrong-wrong-wrong"})
        answers.append((answer.status_code, sorted(answer.context["form"].errors.as_data())))
    for path in ("/gateway/00000000-0000-4000-8000-000000000001/callback/", "/metrics", "/healthz"):
        client.post(path, {"x": "1"}, content_type="application/json")
        client.get(path)
    assert len({repr(answer) for answer in answers}) == 1
    gone = {
        kind.__name__: keys - set(kind._default_manager.values_list("pk", flat=True))
        for kind, keys in kept.items()
    }
    assert {name for name, keys in gone.items() if keys} == set()
