"""The product's own Celery at another hour: `python -m tests.faults.clocked SHIFT EVERY worker|beat [words of celery]`.

SHIFT: seconds by which the product's clock is ahead of the machine's. EVERY: no job of the beat table waits longer than
so many seconds for its next turn.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable


def ahead_by(seconds: float) -> Callable[[], dt.datetime]:
    """A clock that goes on, so many seconds ahead of the machine's."""
    shift = dt.timedelta(seconds=seconds)
    return lambda: dt.datetime.now(dt.UTC) + shift


def main() -> None:
    shift, every, *words = sys.argv[1:]

    from crm import clock
    from crm.celery import app

    clock.now = ahead_by(float(shift))  # the one reader of the time, and everybody asks it by this name
    for entry in app.conf.beat_schedule.values():
        entry["schedule"] = min(entry["schedule"], float(every))
    app.conf.beat_max_loop_interval = float(every)
    app.start(words)


if __name__ == "__main__":
    main()
