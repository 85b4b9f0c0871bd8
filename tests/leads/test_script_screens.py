"""Scripts and answers: who may, what is refused, back to the standard (SC-12)."""

from __future__ import annotations

import pytest
from django.test import Client

from leads.models import ObjectionAnswer, Script
from tests import factories


@pytest.mark.django_db
def test_sc_12_a_projects_own_script_and_back_to_the_standard() -> None:
    project = factories.make_project()
    wu, lin = Client(), Client()
    wu.force_login(factories.make_user("sales_manager", project))
    lin.force_login(factories.make_user("consultant", project))
    shown = wu.get("/scripts/").content.decode()
    assert "约访前的确认电话" in shown
    assert ">no_show<" not in shown
    assert ">SC-2.1</a>" in shown, "the clause's chip"
    assert "约访未到后的电话" in wu.get("/scripts/script/no_show/").content.decode()
    refused = wu.post("/scripts/script/SC-2.1/", {"text": "{name}您好 {salary}"})
    assert refused.status_code == 422
    assert "{salary}" in refused.content.decode()
    assert wu.post("/scripts/script/SC-2.1/", {"text": "{name}您好，欢迎再来。"}).status_code == 302
    assert Script.objects.get(project=project, clause="SC-2.1").text.startswith("{name}")
    wu.post("/scripts/script/SC-2.1/", {"text": ""})
    assert not Script.objects.filter(project=project).exists()
    assert wu.post("/scripts/answer/price/", {"text": "价格以当天公示为准。"}).status_code == 302
    assert ObjectionAnswer.objects.filter(project=project, cause="price").exists()
    assert wu.get("/scripts/script/nothing/").status_code == 404
    assert lin.get("/scripts/").status_code == 403
