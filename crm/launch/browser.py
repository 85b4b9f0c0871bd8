"""The browser that the browser tests drive: Debian's Chromium and a Chinese font."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from crm.launch.binaries import LaunchError

PACKAGES = ("chromium", "fonts-noto-cjk")
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


def ensure() -> None:
    """Install what is missing when root; else say the one line. In CI a missing browser ends the run."""
    if shutil.which("chromium") and FONT.exists():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {' and '.join(PACKAGES)} for the browser tests (once) ...", flush=True)
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *PACKAGES)
    else:
        line = f"sudo apt-get install {' '.join(PACKAGES)}"
        print(f"The browser tests are left out; to have them: {line}", file=sys.stderr)
    if os.environ.get("CI") and not shutil.which("chromium"):
        raise LaunchError("Chromium is missing, and in CI the browser tests are not left out.")


def _apt(*words: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-qq", *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(f"apt-get {words[0]} failed: {done.stderr.strip()[-500:]}", file=sys.stderr)
