"""Ask /healthz from the same machine: the launcher waits with it, containers check themselves with it."""

from __future__ import annotations

import http.client
import json
import os
import sys

TIMEOUT = 5.0  # seconds


def healthy(host: str, port: int, name: str | None = None) -> tuple[bool, str]:
    """Whether the web answers 200, and what it said. `name` is the host it is asked for (an allowed one)."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/healthz", headers={"Host": name or f"{host}:{port}"})
        answer = connection.getresponse()
        return answer.status == 200, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as problem:
        return False, str(problem)
    finally:
        connection.close()


def main(host: str, scheduler: bool) -> int:
    """Exit code 0 when well. PORT and CRM_ALLOWED_HOSTS come from the environment of the container.

    `scheduler`: also ask for a recent tick, which only a working scheduler, broker and worker produce together.
    """
    name = os.environ.get("CRM_ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    well, text = healthy(host, int(os.environ.get("PORT") or 8000), name or None)
    if well and scheduler:
        well = bool(json.loads(text)["scheduler"]["ok"])
    print(text, file=sys.stdout if well else sys.stderr)
    return 0 if well else 1
