"""Forms for accounts and roles. They name their fields; what is not named cannot be sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.access import projects_for
from crm.actions.members import roles_to_give
from crm.forms_base import BaseForm, PhoneInput
from crm.labels import ROLES
from crm.models import Area, Project, User
from crm.roles import Action, Role
from crm.rules_members import EVERYWHERE, IN_AN_AREA

EVERYWHERE_VALUES = " ".join(sorted(EVERYWHERE))


def offer_of(by: User) -> dict[str, Any]:
    """What the giver of a role may choose from, over all their projects; the action checks the pair."""
    projects = list(projects_for(by, Action.ADMINISTER))
    places: list[int | None] = [None, *(project.pk for project in projects)]
    return {
        "roles": frozenset().union(*(roles_to_give(by, place) for place in places)),
        "projects": projects,
    }


class LinesField(forms.CharField):
    """A list of short texts, one a line."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=600, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        if any(len(line) > 60 for line in lines):
            raise forms.ValidationError(_("One name a line, at most 60 characters each."))
        return list(dict.fromkeys(line for line in lines if line))


class AccountForm(BaseForm):
    """The account itself; passwords and roles have their own forms."""

    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("As registers and screens call the person.")
    )
    username = forms.CharField(
        label=_("Login name"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    mobile = forms.CharField(label=_("Mobile"), max_length=20, required=False, widget=PhoneInput)
    aliases = LinesField(
        label=_("Also called"),
        required=False,
        help_text=_("Other spellings of this name in imported registers, one a line."),
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("The browser's choice")), *settings.LANGUAGES]
    )


class CapacityForm(BaseForm):
    capacity = forms.IntegerField(
        label=_("Conversations a day"),
        required=False,
        min_value=1,
        max_value=500,
        help_text=_("Empty: as the project's policy says (PX-13)."),
    )


class RoleForm(CapacityForm):
    """One role for one person. `roles` and `projects` are what the giver may choose from."""

    field_order: tuple[str, ...] = ("role", "project", "area", "capacity")
    role = forms.ChoiceField(label=_("Role"))
    project = forms.ModelChoiceField(Project.objects.none(), label=_("Project"), required=False)
    area = forms.ModelChoiceField(Area.objects.none(), label=_("Area"), required=False)

    def __init__(self, *args: Any, roles: Iterable[Role], projects: Iterable[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = set(roles)
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            ("", _("Please choose")),
            *((role, label) for role, label in ROLES.items() if role in offered),
        ]
        ids = [project.pk for project in projects]
        self.fields["project"].queryset = Project.objects.filter(pk__in=ids)  # type: ignore[attr-defined]
        self.fields["project"].required = not offered & EVERYWHERE
        if offered & EVERYWHERE:
            self.fields["project"].help_text = _("Leave it empty for directors and system administrators.")
        if offered & IN_AN_AREA:
            areas = Area.objects.filter(project__in=ids).select_related("project")
            self.fields["area"].queryset = areas  # type: ignore[attr-defined]
            self.fields["area"].help_text = _("Only for area administrators.")
        else:
            del self.fields["area"]


class MemberForm(RoleForm):
    """A role for somebody who has an account already, found by login name or by name."""

    field_order = ("person", "role", "project", "area", "capacity")
    person = forms.CharField(
        label=_("Person"),
        max_length=150,
        help_text=_("The login name, or the full name of somebody who has an account."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_person(self) -> User:
        asked = self.cleaned_data["person"].strip()
        users = User.objects.filter(is_active=True)
        found = list(users.filter(username__iexact=asked)) or list(
            users.filter(Q(name__iexact=asked) | Q(aliases__contains=[asked]))[:2]
        )
        if not found:
            raise forms.ValidationError(
                _("Nobody has an account under this name. Ask the system administrator to make one.")
            )
        if len(found) > 1:
            raise forms.ValidationError(_("Several people have this name. Write the login name."))
        return found[0]
