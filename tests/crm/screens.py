"""How tests of screens sign in and count."""

from __future__ import annotations

from django.test import Client

from crm.models import User


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client
