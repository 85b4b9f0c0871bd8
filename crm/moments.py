"""How moments come out of the database: read by Python's own ISO parser, which is written in C.

Django's loader, being Python, cannot be exchanged by psycopg for its own one in C: it takes each moment apart by a
regular expression, and a page or a plan reads hundreds.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.backends.signals import connection_created
from psycopg.types.datetime import TimestamptzLoader

FROM_ISO = dt.datetime.fromisoformat


class MomentLoader(TimestamptzLoader):
    """A timestamptz as a moment in UTC, as Django's own loader gives it; what Python cannot read goes psycopg's way."""

    timezone = dt.UTC  # Django compares it with the connection's

    def load(self, data: Any) -> dt.datetime:
        try:
            moment = FROM_ISO(str(data, "ascii"))
        except ValueError:
            moment = super().load(data)
        return moment if moment.tzinfo is dt.UTC else moment.astimezone(dt.UTC)


def read_in_c(sender: Any, connection: Any, **_kwargs: Any) -> None:
    """A connection was made: let it read moments so."""
    if connection.timezone is dt.UTC:
        connection.connection.adapters.register_loader("timestamptz", MomentLoader)


connection_created.connect(read_in_c, dispatch_uid="crm.moments.read_in_c")
