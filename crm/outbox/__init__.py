"""Messages to customers: planned, checked, sent at most once, and accounted for. The contract (docs/outbox.md):

A caller (campaigns, after-sales, a single message) makes a `SendRun` and points to it with a foreign key of its own.

    run = open_run(project=…, kind=RunKind.BROADCAST, title=…, body="{project}…", fields=("project",),
                   starts_at=…, expires_at=…, consultant="林晓", caps=policy_caps, by=user, at=at)
    plan(run=run, audience=Customer.objects.filter(…).values(customer_id=F("pk")), at=at, kept_free=[festival days])
    launch(run_id=run.pk, by=user, at=at)              # from here on the senders do the rest

- `plan` is the rehearsal: `planned(run)` counts, `run.messages` (state, reason, not_before, pieces) and
  `run.exclusions` (reason, detail) are its rows. `discard_plan` takes a draft's plan back; the same plan
  again inserts nothing.
- An audience is a queryset of values (`customer_id`; optional `consultant`, `values`, `not_before`, `unless_talked`,
  `left`) or an iterable of `Row`. `left` names a reason (rules_messages.Left) that the caller knows already, such as
  `complaint_open`; `values` fills the {fields}; `unless_talked` drops the message if somebody talked to them that day.
- `send_one` is all of it for one message; RuleViolation says why it may not go (cap, opt-out, no number, SC-10).
- `pause`, `resume`, `cancel`, `resend_refused`, `settle_unknown` at any time; who may is the caller's rule.
- `crm.facts_messages`: `progress` (by state, cheap at a million), `texts`, `of_customers` (got and will get).

Promises: at most once for each (run, number), at most one greeting for each (customer, festival, year); nothing goes to
who has opted out, at any moment; marketing only 09:00-20:00 local; every row ends in a state of rules_messages.MOVES.
"""

from crm.outbox.planning import Planned, Row, plan, planned
from crm.outbox.reconciling import resend_refused, settle_unknown
from crm.outbox.runs import blocked, cancel, discard_plan, launch, line_of, open_run, pause, resume
from crm.outbox.singles import send_one
from crm.outbox.staging import being_planned

__all__ = [
    "Planned",
    "Row",
    "being_planned",
    "blocked",
    "cancel",
    "discard_plan",
    "launch",
    "line_of",
    "open_run",
    "pause",
    "plan",
    "planned",
    "resend_refused",
    "resume",
    "send_one",
    "settle_unknown",
]
