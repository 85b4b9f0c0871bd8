"""The product's worker with limits that a test can outlive: `python -m tests.faults.limited SOFT HARD [words of celery]`."""

from __future__ import annotations

import sys


def main() -> None:
    from crm.celery import app

    soft, hard, *words = sys.argv[1:]
    app.conf.task_soft_time_limit, app.conf.task_time_limit = float(soft), float(hard)
    app.start(words)


if __name__ == "__main__":
    main()
