"""Reads the table of docs/roles.md into the shape of crm.roles.TABLE."""

from pathlib import Path

from crm.roles import NOTHING, Action, Grant, Limit, Reach, Role

DOCUMENT = Path(__file__).parents[2] / "docs" / "roles.md"
LIMITS = {
    **{limit.value.replace("_", " "): limit for limit in Limit},
    "with a deal": Limit.WITH_DEAL,
    "after-sales only": Limit.AFTER_SALES_ONLY,
}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def read_cell(text: str) -> Grant:
    """A cell is a dash, or a reach followed by its limits. KeyError for a word that is not one."""
    if text == "–":
        return NOTHING
    reach, *limits = text.split(", ")
    return Grant(Reach[reach.upper()], frozenset(LIMITS[limit] for limit in limits))


def read_table(text: str) -> dict[Action, dict[Role, Grant]]:
    """Every row and column of the document's first table. ValueError for an unknown role or action."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    roles = [Role(heading.replace(" ", "_")) for heading in cells(lines[0])[2:]]
    table: dict[Action, dict[Role, Grant]] = {}
    for line in lines[2:]:
        _, code, *grants = cells(line)
        action = Action(code.strip("`"))
        if action in table:
            raise ValueError(f"two rows for {action}")
        table[action] = dict(zip(roles, map(read_cell, grants), strict=True))
    return table
