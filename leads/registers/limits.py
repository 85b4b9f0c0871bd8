"""How much a register may ask of the machine. All are checked before memory is spent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_row` is the last row of a sheet that may hold anything, `max_ratio` unpacked to packed bytes."""

    max_bytes: int = 64 * 2**20
    max_unpacked: int = 400 * 2**20
    max_ratio: int = 250
    free_ratio: int = 4 * 2**20  # unpacked bytes below which the ratio does not matter
    max_members: int = 2000
    max_row: int = 100_000
    max_columns: int = 120
    max_sheets: int = 60
    max_cell: int = 32_767  # characters; what a spreadsheet itself can hold


DEFAULT_LIMITS = Limits()
