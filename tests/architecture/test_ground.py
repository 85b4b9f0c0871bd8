"""What holds for the repository as a whole."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_requirements_file_names_a_host() -> None:
    files = sorted((ROOT / "requirements").iterdir())
    assert files
    assert [file.name for file in files if "://" in file.read_text()] == []
