"""The clause chain: every clause has its texts, and each one marked done has code and a test."""

import re
from functools import cache
from pathlib import Path

import pytest

from crm.clauses import CLAUSES, SOURCES, clause_text

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = {"clause.py", "clauses.py", "clauses_sales.py", "clauses_aftersales.py"}
TEST_NAME = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
MENTION = re.compile(r"\b(?:SC|PX|CR|PS|OR|UR|AS)-\d+(?:\.\d+)*(?:[a-z]\b)?")
DONE = [clause.id for clause in CLAUSES.values() if clause.done]
# Written out once more on purpose: a clause that slips out of the registry must be missed.
IDS = {
    "SC": "1.1 1.2 1.3 1.4 2.1 2.2 2.3a 2.3b 2.4 2.5 2.6 3.1 3.2 4.1 4.2 4.3 4.4 5.1 5.2 6 7 8 9 10 11 12 13",
    "PX": "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
    "CR": "2 3 4.1 4.2 4.3 4.4",
    "PS": "3 4.1.1 4.1.2 4.1.3 4.1.4 4.1.5 4.2 4.3 4.4 4.5 4.6 4.7 4.8",
    "OR": "2.1 2.2a 2.2b 2.2c 2.2d 2.2e 3.1 3.2 3.3 3.4 3.5",
    "UR": "2 3 4 5 6 7",
    "AS": "2 3.1 3.2 3.3 3.4 3.5 3.6 3.7 4 5.1 5.2 5.3 5.4",
}


def product_files() -> list[Path]:
    """The product's Python files but the registry itself and the migrations."""
    return sorted(
        path
        for app in ("crm", "leads", "campaigns")
        for path in (ROOT / app).rglob("*.py")
        if path.name not in REGISTRY and "migrations" not in path.parts
    )


def templates() -> list[Path]:
    return sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})


def suite_files(pattern: str) -> list[Path]:
    """The suite's files but this one, which names all clauses."""
    return sorted(path for path in (ROOT / "tests").rglob(pattern) if path != Path(__file__).resolve())


def mentions(text: str) -> set[str]:
    return set(MENTION.findall(text))


@cache
def mentioned_in_code() -> frozenset[str]:
    return frozenset().union(*(mentions(path.read_text(encoding="utf-8")) for path in product_files()))


@cache
def names_of_tests() -> str:
    files = suite_files("test_*.py")
    return "\n".join(name for path in files for name in TEST_NAME.findall(path.read_text(encoding="utf-8")))


@cache
def mentioned_in_cases() -> frozenset[str]:
    return frozenset().union(
        *(mentions(path.read_text(encoding="utf-8-sig")) for path in suite_files("*cases*.csv"))
    )


def has_test(clause_id: str) -> bool:
    """Whether a test function is named after the clause, or a table of cases holds it.

    A clause id in passing is no proof: any test of a list of clauses would have it.
    """
    slug = re.sub(r"[-.]", "_", clause_id.lower())
    return bool(re.search(rf"^test_{slug}(?:_|$)", names_of_tests(), re.MULTILINE)) or (
        clause_id in mentioned_in_cases()
    )


def test_the_registry_has_every_clause_of_every_source() -> None:
    assert set(CLAUSES) == {
        f"{source}-{number}" for source, numbers in IDS.items() for number in numbers.split()
    }
    assert {clause.source for clause in CLAUSES.values()} == set(SOURCES)


@pytest.mark.parametrize("clause_id", CLAUSES)
def test_every_clause_has_one_line_in_each_language(clause_id: str) -> None:
    clause = CLAUSES[clause_id]
    texts = [clause.text, *([clause.note] if clause.note else [])]
    for text in texts:
        assert text.en.isascii()
        assert text.en.endswith(".")
        assert re.search("[\u4e00-\u9fff]", text.zh)
        assert text.zh.endswith("。")
        assert "\n" not in text.en + text.zh
    assert clause_text(clause_id, "zh-hans") == clause.zh
    assert clause_text(clause_id, "en") == clause.en


def test_an_unknown_clause_has_no_text() -> None:
    assert clause_text("SC-99", "en") == ""


@pytest.mark.parametrize("clause_id", DONE)
def test_a_clause_that_is_done_has_code(clause_id: str) -> None:
    assert clause_id in mentioned_in_code(), f"{clause_id} is marked done, but no product code names it"


@pytest.mark.parametrize("clause_id", DONE)
def test_a_clause_that_is_done_has_a_test(clause_id: str) -> None:
    assert has_test(clause_id), (
        f"{clause_id} is marked done, but no test is named after it and no case holds it"
    )


def test_code_templates_and_tests_name_only_clauses_that_exist() -> None:
    def known(mention: str) -> bool:
        # A family such as "SC-2.3" or "SC-4" stands for the clauses below it.
        family = re.compile(re.escape(mention) + r"(?:\..+|[a-z])?")
        return any(family.fullmatch(clause_id) for clause_id in CLAUSES)

    strangers = {
        f"{path.relative_to(ROOT)}: {mention}"
        for path in [*product_files(), *templates(), *suite_files("*.py"), *suite_files("*cases*.csv")]
        for mention in mentions(path.read_text(encoding="utf-8-sig"))
        if not known(mention)
    }
    assert strangers == set()


def test_a_mention_is_read_whole() -> None:
    assert mentions("as SC-1.1, PX-10. and SC-2.3a (SC-4)") == {"SC-1.1", "PX-10", "SC-2.3a", "SC-4"}
    assert mentions("DISC-1 and SC-1.10, SC-x") == {"SC-1.10"}
