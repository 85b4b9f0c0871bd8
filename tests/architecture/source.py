"""The product's Python files, parsed: what the architecture tests look at."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("crm", "leads", "campaigns", "aftersales")


@dataclass(frozen=True)
class Module:
    """One file. `name` is dotted, a package's __init__ goes by the package's name."""

    path: str
    name: str
    tree: ast.Module

    @property
    def app(self) -> str:
        return self.name.split(".")[0]

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("."))[1:]

    def imports(self) -> Iterator[tuple[int, str]]:
        """(line, dotted name) of every import, those inside functions and type checks too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                for alias in node.names:
                    inner = f"{module}.{alias.name}"
                    yield node.lineno, inner if inner in names() else module


def paths() -> list[Path]:
    """Every Python file of the product, migrations apart."""
    found = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def names() -> frozenset[str]:
    return frozenset(_dotted(path) for path in paths())


@functools.cache
def modules() -> tuple[Module, ...]:
    """All modules, parsed once a session."""
    return tuple(
        Module(str(path.relative_to(ROOT)), _dotted(path), ast.parse(path.read_text(), str(path)))
        for path in paths()
    )
