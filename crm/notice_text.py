"""What a notice says: the template of its kind, filled with its parameters."""

from __future__ import annotations

from django.template.loader import select_template
from django.utils.safestring import SafeString

from crm.models import Notice


def text_of(notice: Notice) -> SafeString:
    """The notice in the reader's language, as HTML: the template of its kind, filled with its parameters, escaped."""
    names = [f"notices/{notice.kind}.html", "notices/default.html"]
    if not notice.kind.replace("_", "").isalnum():
        names = names[1:]
    context = {"params": notice.params, "notice": notice}
    return SafeString(select_template(names).render(context).strip())
