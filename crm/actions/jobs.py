"""Recording what a background job did, so that the screen of the beat table can say so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from crm.models import JobRun, Project


@contextmanager
def recorded(
    name: str, *, project_id: int | None = None, clock: Callable[[], dt.datetime]
) -> Iterator[dict[str, Any]]:
    """Run a job's body; its figures go into the yielded dict. A failure is recorded and passed on."""
    result: dict[str, Any] = {}
    project = Project.objects.get(pk=project_id) if project_id is not None else None
    run, _created = JobRun.objects.update_or_create(
        name=name,
        project=project,
        defaults={"started_at": clock(), "finished_at": None, "ok": None},
    )
    try:
        yield result
    except BaseException as error:
        JobRun.objects.filter(pk=run.pk).update(
            finished_at=clock(), ok=False, result={**result, "error": type(error).__name__}
        )
        raise
    now = clock()
    JobRun.objects.filter(pk=run.pk).update(finished_at=now, succeeded_at=now, ok=True, result=result)


def ask_again(name: str, project_id: int) -> None:
    """Forget that a job ended well, so that the sweep which looks for undone ones finds it."""
    JobRun.objects.filter(name=name, project=project_id).update(ok=None)
