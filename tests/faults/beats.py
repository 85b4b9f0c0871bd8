"""A real scheduler with the product's own table of jobs, each of them every second: `python -m tests.faults.beats FILE`."""

from __future__ import annotations

import sys
from typing import Any


def main() -> None:
    import django

    django.setup()
    from celery import beat

    from crm.celery import app

    send = beat.Scheduler.apply_async

    def noted(self: Any, entry: Any, *given: Any, **named: Any) -> Any:
        sys.stdout.write(f"sent {entry.name}\n")
        sys.stdout.flush()
        return send(self, entry, *given, **named)

    vars(beat)["Scheduler"].apply_async = noted
    for entry in app.conf.beat_schedule.values():
        entry["schedule"] = 1.0
        entry["options"] = {"expires": 30}
    app.conf.beat_max_loop_interval = 1
    app.start(["beat", "--loglevel", "INFO", "--pidfile=", "-s", sys.argv[1]])


if __name__ == "__main__":
    main()
