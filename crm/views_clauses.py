"""The text of a clause, behind every clause chip."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from crm.clauses import CLAUSES, SOURCES
from crm.pages import page


@require_safe
def clause(request: HttpRequest, code: str) -> HttpResponse:
    """One clause: a page, or the inside of a dialog."""
    found = CLAUSES.get(code)
    if found is None:
        raise Http404
    language = get_language() or ""
    context = {
        "clause": found,
        "text": found.text.in_language(language),
        "source": SOURCES[found.source].in_language(language),
        "note": found.note.in_language(language) if found.note else "",
    }
    return page(request, "crm/clause.html", context, fragment="crm/_clause.html")
