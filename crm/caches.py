"""The cache of what may be forgotten at any moment: without Valkey it forgets, and pages go on.

Logins stand in the database and are only read faster from here. What must hold while Valkey is away (the lock-out of
wrong passwords) uses the default cache, which fails loudly instead.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError


class ForgetfulCache(RedisCache):
    """Django's cache in Valkey, but its absence is a miss.

    `delete` still fails: a login that was ended must not live on in a cache which nobody could reach at that moment.
    """

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except RedisError:
            return default

    def set(self, key: Any, value: Any, timeout: Any = ..., version: int | None = None) -> None:
        given = {} if timeout is ... else {"timeout": timeout}
        try:
            super().set(key, value, version=version, **given)
        except RedisError:
            return

    def add(self, key: Any, value: Any, timeout: Any = ..., version: int | None = None) -> bool:
        given = {} if timeout is ... else {"timeout": timeout}
        try:
            return super().add(key, value, version=version, **given)
        except RedisError:
            return False

    def has_key(self, key: Any, version: int | None = None) -> bool:
        try:
            return super().has_key(key, version)
        except RedisError:
            return False
