"""How often somebody may guess: five wrong passwords or codes lock an account for a quarter of an hour.

A try is taken before the password is looked at and given back when it was right, so that a hundred tries at once are
not more than five. Whatever asks for a password or a code of an account takes its tries here: signing in, the
one-time code, and the proof before a change. The account counts, not what was typed, nor the host that was asked;
a name that is nobody's is locked just the same.
"""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.models import User
from crm.plain_text import login_name

APP, ACCOUNT, HERE = "allauth.account", "login_failed", "login_failed_here"
LOCKED = _(
    "This login is locked for 15 minutes after too many wrong passwords or codes. "
    "Wait, or ask your administrator to unlock it."
)
FROM_HERE = _("Too many wrong tries came from your network. Wait a minute, then try again.")


class Try:
    """One try that was taken. `refused` is the word to say when there was none left."""

    def __init__(self, request: HttpRequest, key: str) -> None:
        self.refused = ""
        self._taken: list[ratelimit.RateLimitUsage] = []
        for action, word in ((HERE, FROM_HERE), (ACCOUNT, LOCKED)):
            usage = ratelimit.consume(request, app=APP, action=action, key=key, limit_get=True)
            if usage is None:
                self.refused = str(word)
                return
            self._taken.append(usage)

    @property
    def locked(self) -> bool:
        """Whether it is the account that is locked, not only this network."""
        return self.refused == str(LOCKED)

    def give_back(self) -> None:
        """The password or the code was right."""
        for usage in self._taken:
            usage.rollback()


def find_user(name: str) -> User | None:
    """Whose login name this is; capitals and widths do not count, as for the login itself."""
    return User.objects.filter(username__iexact=login_name(name)).first()


def key_of(user: User | None, name: str = "") -> str:
    """Under which key the tries are counted."""
    return f"user:{user.pk}" if user is not None else f"name:{login_name(name).lower()}"


def code_key(user: User) -> str:
    """The tries at the one-time code are counted apart: who reaches it knows the password."""
    return f"code:{user.pk}"


def unlock(request: HttpRequest, user: User) -> None:
    """Let somebody try again at once."""
    for key in (key_of(user), code_key(user)):
        ratelimit.clear(request, app=APP, action=ACCOUNT, key=key)
