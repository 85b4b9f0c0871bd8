"""The working calendars that come with the product: one JSON file a year below data/calendars.

They are read once into the database, where an administrator can correct a day; nothing reads them at
run time.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from crm.workdays import DayKind, SpecialDay

FOLDER = Path(__file__).parent / "data" / "calendars"


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year as shipped. `provisional`: statutory days only, the yearly notice is not out yet."""

    year: int
    provisional: bool
    source: str
    days: tuple[SpecialDay, ...]


def shipped_years() -> list[int]:
    """The years there are files for, in order."""
    return sorted(int(path.stem) for path in FOLDER.glob("*.json"))


def read_year(year: int) -> CalendarYear:
    """Read one shipped year. FileNotFoundError when there is none, ValueError when the file is wrong."""
    content = json.loads((FOLDER / f"{year}.json").read_text(encoding="utf-8"))
    days = tuple(
        SpecialDay(date.fromisoformat(row["day"]), DayKind(row["kind"]), row["name"])
        for row in content["days"]
    )
    stray = next((special for special in days if special.day.year != year), None)
    if content["year"] != year or stray is not None:
        raise ValueError(f"{year}.json holds another year's days")
    return CalendarYear(year, content["provisional"], content["source"], days)
