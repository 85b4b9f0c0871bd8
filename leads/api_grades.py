"""What the grades mean in a project (PX-11)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from crm import clock
from crm.api_fields import Input
from crm.api_frame import ApiView, operation
from crm.gates import project_in_reach
from crm.models import Project
from leads import facts_grades
from leads.actions.grades import LONGEST_WORD, MOST_WORDS, Meaning, save_meanings
from leads.gates import manager_project
from leads.models import Lead


class GradeShown(serializers.Serializer):
    grade = serializers.CharField()
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    criteria = serializers.CharField(allow_blank=True, help_text="When it is given.")
    words = serializers.ListField(child=serializers.CharField(), help_text="How registers write it.")


class MeaningIn(Input):
    grade = serializers.ChoiceField(choices=Lead.Grade.values)
    label = serializers.CharField(max_length=20, allow_blank=True, default="")  # type: ignore[assignment]
    criteria = serializers.CharField(max_length=200, allow_blank=True, default="")
    words = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_WORD), max_length=MOST_WORDS, default=list
    )


class MeaningsIn(Input):
    grades = MeaningIn(many=True, help_text="A grade that is left out goes back to its bare letter.")


class Grades(ApiView):
    group = "policies"

    @operation(answers=GradeShown, listed=True)
    def get(self, request: Request, project: int) -> Any:
        """The four grades in the project's own words."""
        return self._meanings(manager_project(request, project_in_reach(request, project)))

    @operation(takes=MeaningsIn, answers=GradeShown, listed=True)
    def put(self, request: Request, project: int) -> Any:
        """Say what grades mean here; leads keep theirs."""
        where = manager_project(request, project_in_reach(request, project))
        meanings = {grade: Meaning() for grade in Lead.Grade.values} | {
            said["grade"]: Meaning(said["label"], said["criteria"], tuple(said["words"]))
            for said in self.said()["grades"]
        }
        save_meanings(project=where, meanings=meanings, by=self.by, at=clock.now())
        return self._meanings(where)

    def _meanings(self, project: Project) -> list[dict[str, Any]]:
        known = facts_grades.meanings(project.pk)
        return [
            {
                "grade": grade,
                "label": known[grade].label if grade in known else "",
                "criteria": known[grade].criteria if grade in known else "",
                "words": known[grade].words if grade in known else [],
            }
            for grade in Lead.Grade.values
        ]
