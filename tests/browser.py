"""The browser of the browser tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil

import pytest

# As root Chromium has no sandbox to use; the rest keeps it from asking the network for anything.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def chromium() -> str:
    """The path of the browser. Skips the test where there is none, except in CI, where that is a failure."""
    path = shutil.which("chromium")
    if path is not None:
        return path
    why = "Chromium is missing; `make test` says how to get it."
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
