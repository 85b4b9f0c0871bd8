"""Units from a file: the dry run, the rows it refuses, and what is stored."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from crm.models import Project, Unit
from crm.roles import Role
from tests.crm.screens import signed_in
from tests.factories import make_building, make_project, make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project("A")


@pytest.fixture
def other() -> Project:
    return make_project("B")


@pytest.fixture
def root(project: Project) -> Client:
    return signed_in(make_user(Role.SYSTEM_ADMINISTRATOR, name="Root"))


CSV = '湖畔花园房源表\n楼栋,房号,户型,楼层,建筑面积（㎡）,总价\n1#,101,A,1,89.5,"1,880,000"\n1#,102,A,1,abc,1\n,103,,,,\n1#,101,A,,,\n'


def upload(client: Client, content: bytes, name: str = "units.csv") -> Any:
    return client.post(reverse("units_import"), {"file": SimpleUploadedFile(name, content)})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_file_of_units_is_tried_and_then_stored(root: Client, project: Project, encoding: str) -> None:
    answer = upload(root, CSV.encode(encoding))
    found = answer.context["found"]
    assert [row.row for row in found.refused] == [4, 5, 6]
    assert answer.context["would"] == (1, 0, 0)
    assert not Unit.objects.exists()
    root.post(reverse("units_store"), {"project": project.pk, "sheet": answer.context["sheet"]})
    unit = Unit.objects.get()
    assert (str(unit), unit.floor, str(unit.area_sqm), str(unit.list_price)) == (
        "1# 101",
        1,
        "89.50",
        "1880000.00",
    )
    again = upload(root, CSV.encode(encoding))
    assert again.context["would"] == (0, 0, 1)


def test_a_price_list_changes_what_is_known_and_leaves_the_rest(root: Client, project: Project) -> None:
    make_unit(make_building(project, "1#"), "101", floor=9)
    answer = upload(root, b"building,number,price\n1#,101,200\n2#,101,300\n")
    assert answer.context["would"] == (1, 1, 0)
    root.post(reverse("units_store"), {"project": project.pk, "sheet": answer.context["sheet"]})
    assert set(Unit.objects.values_list("building__name", "floor", "list_price")) == {
        ("1#", 9, Decimal(200)),
        ("2#", None, Decimal(300)),
    }


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"%PDF-1.4 nothing", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_list_of_units_says_so(root: Client, content: bytes) -> None:
    answer = upload(root, content, "x.xlsx")
    assert answer.status_code == 422
    assert "file" in answer.context["form"].errors


def test_a_dry_run_of_another_project_is_not_stored_here(root: Client, other: Project) -> None:
    sheet = upload(root, CSV.encode()).context["sheet"]
    assert root.post(reverse("units_store"), {"project": other.pk, "sheet": sheet}).status_code == 400
    assert not Unit.objects.exists()


def test_a_forged_dry_run_is_checked_again(root: Client, project: Project) -> None:
    sheet = io.StringIO(
        "row,building,number,unit_type,floor,area_sqm,list_price\n2,1#,101,,,-5,\n3,1#,102,,,,\n"
    ).getvalue()
    root.post(reverse("units_store"), {"project": project.pk, "sheet": sheet})
    assert list(Unit.objects.values_list("number", flat=True)) == ["102"]
    assert root.post(reverse("units_store"), {"project": project.pk, "sheet": "nonsense"}).status_code == 400


def test_markup_in_a_file_is_text(root: Client) -> None:
    answer = upload(root, b"building,number\n<script>alert(1)</script>,\n")
    assert "<script>alert(1)" not in answer.content.decode()
