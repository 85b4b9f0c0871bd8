"""Oneself: who asks, what one may, one's notices; and the clauses, which everybody may read."""

from __future__ import annotations

import html
from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils.html import strip_tags
from rest_framework import serializers
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible, holdings
from crm.actions.notices import mark_read
from crm.actions.preferences import set_language
from crm.api_fields import Id, Input, Output
from crm.api_frame import ApiView, operation
from crm.clauses import CLAUSES
from crm.models import ApiToken, Notice, User
from crm.notice_text import text_of
from crm.project_context import projects_of


class Named(serializers.Serializer):
    """A row by number and name."""

    id = serializers.IntegerField()
    name = serializers.SerializerMethodField()

    def get_name(self, row: Any) -> str:
        return str(row)


class HoldingRow(serializers.Serializer):
    """A role one holds: in a project, in an area of it, or everywhere (`project` null)."""

    role = serializers.CharField()
    project = serializers.IntegerField(source="project_id", allow_null=True)
    area = serializers.IntegerField(source="area_id", allow_null=True)


class TokenAtWork(Output):
    class Meta:
        model = ApiToken
        fields = ("id", "label", "prefix", "scopes", "expires_at")


class MeShown(serializers.Serializer):
    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField(allow_blank=True)
    roles = HoldingRow(many=True)
    projects = Named(many=True)
    token = TokenAtWork(allow_null=True, help_text="The token this request came with.")


class LanguageIn(Input):
    language = serializers.ChoiceField(choices=[code for code, _name in settings.LANGUAGES])


class Me(ApiView):
    group = "account"

    @operation(answers=MeShown)
    def get(self, request: Request) -> Any:
        """Who asks, with their roles and projects."""
        return self._shown(self.by)

    @operation(takes=LanguageIn, answers=MeShown)
    def patch(self, request: Request) -> Any:
        """Choose the language of one's screens."""
        set_language(by=self.by, language=self.said()["language"])
        self.by.refresh_from_db(fields=["language"])
        return self._shown(self.by)

    def _shown(self, user: User) -> dict[str, Any]:
        return {
            "id": user.pk,
            "username": user.username,
            "name": user.name,
            "language": user.language,
            "roles": holdings(user),
            "projects": projects_of(self.request),
            "token": self.request.auth,
        }


class NoticeRow(Output):
    text = serializers.SerializerMethodField(help_text="In the reader's language.")

    class Meta:
        model = Notice
        fields = ("id", "project", "kind", "text", "params", "url", "created_at", "read_at")

    def get_text(self, notice: Notice) -> str:
        return html.unescape(strip_tags(text_of(notice))).strip()


class NoticesRead(Input):
    ids = serializers.ListField(
        child=Id(), required=False, max_length=500, help_text="Without it: every notice."
    )


class Notices(ApiView):
    group = "account"

    @operation(answers=NoticeRow, paged=True)
    def get(self, request: Request) -> Any:
        """One's own notices, newest first."""
        return self.page(Notice.objects.filter(user=self.by), "-created_at", "-id")


class NoticesMarked(ApiView):
    group = "account"

    @operation(takes=NoticesRead)
    def post(self, request: Request) -> None:
        """Mark some or all of one's notices read."""
        mark_read(by=self.by, ids=self.said().get("ids"), at=clock.now())


class OneNotice(ApiView):
    group = "account"

    @operation(answers=NoticeRow)
    def get(self, request: Request, notice: int) -> Any:
        """One of one's own notices; reading it here does not mark it read."""
        return get_visible(Notice.objects.filter(user=self.by), pk=notice)


class ClauseShown(serializers.Serializer):
    """A clause of the procedure, in both languages."""

    code = serializers.CharField(source="id")
    procedure = serializers.CharField(source="source")
    text_en = serializers.CharField(source="text.en")
    text_zh = serializers.CharField(source="text.zh")


class ClauseList(ApiView):
    group = "account"

    @operation(answers=ClauseShown, listed=True)
    def get(self, request: Request) -> Any:
        """Every clause."""
        return list(CLAUSES.values())


class OneClause(ApiView):
    group = "account"

    @operation(answers=ClauseShown)
    def get(self, request: Request, code: str) -> Any:
        """The text of one clause."""
        if code not in CLAUSES:
            raise Http404
        return CLAUSES[code]
