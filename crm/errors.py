"""The one error for "a clause or the product's rule forbids this"."""

from __future__ import annotations


class RuleViolation(Exception):
    """Raised by actions; edges show it as a form error (page) or a 409 (API).

    `text` is translated and says what to do, `clause` names the clause ("" when none), `field` the form
    field concerned ("" for the whole form), `code` is stable for programs; `confirm` names a flag that,
    sent as true, lets the same request pass.
    """

    def __init__(
        self, text: str, clause: str = "", field: str = "", *, code: str = "rule", confirm: str = ""
    ) -> None:
        super().__init__(str(text))
        self.text = text
        self.clause = clause
        self.field = field
        self.code = code
        self.confirm = confirm
