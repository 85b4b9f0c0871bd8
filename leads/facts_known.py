"""What a row says of a customer whom the database knows, and what the load's policy takes over of it (PX-3, PX-4).

=========  ==========================================================================================
skip       the row is left out: neither customer nor history changes
fill       the row is added to the history; name, salutation, wish, budget, source only where none stood
update     the row is added; what it says of these replaces what stood, the newest row last
=========  ==========================================================================================

A lead that has a consultant keeps them under each policy (PX-4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crm.names import clean_name
from crm.states import Salutation
from leads.models import ImportBatch, Lead
from leads.registers.results import ParsedRow

NO_NAME = "…"
"""Begins the stand-in for a name that the register leaves out: the end of the number, until a name is known."""
LONGEST_WISH = 80

Known = ImportBatch.Known
Values = dict[str, str]
Change = tuple[str, str, str]


def of_customer(row: ParsedRow) -> Values:
    """What the row says of the person; a field of which it says nothing is left out."""
    said = {"name": clean_name(row.name)}
    if row.salutation is not Salutation.UNKNOWN:
        said["salutation"] = row.salutation.value
    return {name: value for name, value in said.items() if value}


def of_lead(row: ParsedRow) -> Values:
    """What the row says of the lead; "heard_via" is the name of a source."""
    wanted = " ".join(part for part in (row.layout, row.area) if part)[:LONGEST_WISH]
    said = {"wanted": wanted, "budget": row.budget, "heard_via": row.source}
    return {name: value for name, value in said.items() if value}


def is_blank(name: str, value: str) -> bool:
    if name == "name":
        return value.startswith(NO_NAME)
    return value == Salutation.UNKNOWN if name == "salutation" else not value


def taken_over(policy: str, standing: Mapping[str, str], said: Mapping[str, str]) -> Values:
    """Which of the said values replace the standing ones."""
    return {
        name: value
        for name, value in said.items()
        if value != standing[name]
        and (is_blank(name, standing[name]) or (policy == Known.UPDATE and bool(value)))
    }


def leads_of(project_id: int, households: set[int]) -> dict[int, Values]:
    """What stands about the leads of these parties, by party. One query."""
    rows = Lead.objects.filter(project=project_id, household__in=households, merged_into=None)
    values = rows.values_list("household_id", "wanted", "budget", "heard_via__name")
    return {
        household: {"wanted": wanted, "budget": budget, "heard_via": source or ""}
        for household, wanted, budget, source in values
    }


@dataclass(slots=True)
class Changes:
    """What a slice changes about known customers and leads, as an `ImportTrace` keeps it."""

    rows: dict[str, dict[int, dict[str, Change]]] = field(default_factory=dict)

    def note(self, kind: str, pk: int, name: str, before: str, after: str, moment: str) -> bool:
        """Whether the change is to be made: a value that a newer row gave stays, for a slice holds whole parties."""
        fields = self.rows.setdefault(kind, {}).setdefault(pk, {})
        first = fields.get(name)
        if first and moment < first[2]:
            return False
        fields[name] = (first[0] if first else before, after, moment)
        return True

    @property
    def count(self) -> int:
        """How many customers and leads were changed."""
        return sum(bool(fields) for rows in self.rows.values() for fields in rows.values())

    def stored(self) -> dict[str, dict[str, dict[str, Change]]]:
        return {
            kind: {str(pk): fields for pk, fields in rows.items() if fields}
            for kind, rows in self.rows.items()
        }
