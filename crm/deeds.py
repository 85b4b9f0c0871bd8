"""How a view runs an action: what a clause forbids becomes a form error or a message, anything else is a bug."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, QueryDict

from crm.errors import RuleViolation
from crm.forms_base import Presentable


def attempt(form: Presentable, deed: Callable[[], object]) -> bool:
    """Run `deed` when the form is valid; a RuleViolation is shown in the form. Whether it was done."""
    if not form.is_valid():
        return False
    try:
        deed()
    except RuleViolation as violation:
        form.refuse(violation)
        return False
    return True


def confirmed(request: HttpRequest) -> list[str]:
    """The flags of questions (`RuleViolation.confirm`) that the form answers with a tick."""
    return [name for name, value in request.POST.items() if value == "1"]


def press(request: HttpRequest, deed: Callable[[], object], done: str) -> bool:
    """Run the `deed` of a button that has no form, and say `done` or what forbids it. Whether it was done."""
    try:
        deed()
    except RuleViolation as violation:
        messages.error(request, str(violation.text))
        return False
    messages.success(request, done)
    return True


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: the POST, empty or not; None while the form is only shown."""
    return request.POST if request.method == "POST" else None
