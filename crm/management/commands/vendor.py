"""Fetch the front-end files of `vendor.lock.json` from npm packages and record their checksums.

Needed only by whoever changes a version or adds an icon; nothing at run time needs npm or Node.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from django.core.management.base import BaseCommand, CommandError

STATIC = Path(__file__).resolve().parents[2] / "static"
VENDOR = STATIC / "vendor"
LOCK = STATIC / "vendor.lock.json"
SVG = "http://www.w3.org/2000/svg"


class Command(BaseCommand):
    help = "Fetch vendored front-end files with `npm pack`, check the packages, write the files and their checksums."

    def handle(self, *args: Any, **options: Any) -> None:
        lock = json.loads(LOCK.read_text("utf-8"))
        for package in lock["packages"]:
            self._vendor(package)
        LOCK.write_text(json.dumps(lock, ensure_ascii=False, indent=2) + "\n", "utf-8")

    def _vendor(self, package: dict[str, Any]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            archive, integrity = pack(package["name"], package["version"], Path(folder))
            if package.get("integrity") not in (None, integrity):
                raise CommandError(
                    f"{package['name']} {package['version']}: the package is not the one locked."
                )
            package["integrity"] = integrity
            with tarfile.open(archive) as content:
                for entry in package["files"]:
                    self._write(entry, content)

    def _write(self, entry: dict[str, Any], content: tarfile.TarFile) -> None:
        target = VENDOR / entry["to"]
        if "icons" in entry:
            data = sprite(
                {name: member(content, f"{entry['from']}/{name}.svg") for name in sorted(entry["icons"])}
            )
        elif "from" in entry:
            data = without_source_map(member(content, entry["from"]))
        else:  # written by hand because the package carries no such file (a licence)
            data = target.read_bytes()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        entry["sha256"] = hashlib.sha256(data).hexdigest()
        self.stdout.write(f"{entry['to']}  {len(data)} bytes")


def pack(name: str, version: str, folder: Path) -> tuple[Path, str]:
    """Download one exact package version; returns the archive and its npm integrity string."""
    command = ["npm", "pack", f"{name}@{version}", "--json", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CommandError("npm is not installed; it is needed only to change vendored files.") from error
    except subprocess.CalledProcessError as error:
        raise CommandError(f"npm pack failed: {error.stderr.strip()}") from error
    report = json.loads(done.stdout)[0]
    return folder / Path(report["filename"]).name, report["integrity"]


def member(content: tarfile.TarFile, path: str) -> bytes:
    """One file of an npm archive, whose root folder is always `package`."""
    try:
        found = content.extractfile(f"package/{path}")
    except KeyError as error:
        raise CommandError(f"The package has no file {path}.") from error
    if found is None:
        raise CommandError(f"{path} is not a file.")
    return found.read()


def without_source_map(data: bytes) -> bytes:
    """Drop the pointer to a map that is not vendored: hashed static storage refuses to start over a missing one."""
    kept = [line for line in data.splitlines(keepends=True) if b"# sourceMappingURL=" not in line]
    return b"".join(kept)


def sprite(icons: dict[str, bytes]) -> bytes:
    """One SVG with a symbol for each icon, used as `<use href="icons.svg#name">`."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.Element(f"{{{SVG}}}svg")
    for name, data in icons.items():
        source = ElementTree.fromstring(data)  # noqa: S314 - the package was checked against its locked checksum
        symbol = ElementTree.SubElement(root, f"{{{SVG}}}symbol", {"id": name, "viewBox": "0 0 24 24"})
        symbol.extend(
            shape for shape in source if shape.get("stroke") != "none" or shape.get("fill") != "none"
        )
        symbol.tail = "\n"
    drawn: bytes = ElementTree.tostring(root, encoding="utf-8")
    return drawn + b"\n"
