"""PostgreSQL and Valkey for a test session: started by the session itself, gone with it."""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path

from crm.launch.servers import start_throwaway, stop_throwaway


def ensure() -> None:
    """Set DATABASE_URL and REDIS_URL, starting the embedded servers when the environment names none.

    pytest-xdist's workers inherit the variables of the session, so only one pair of servers runs.
    """
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="crm-test-", dir="/tmp"))
    where, running = start_throwaway(folder)
    atexit.register(stop_throwaway, folder, running)
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = where.database_url, where.redis_url
