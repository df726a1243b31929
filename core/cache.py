"""The cache behind rate limits: Redis while it answers, else the database, so that nobody is locked out with it."""

import logging
import time
from typing import Any

import redis
from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

logger = logging.getLogger(__name__)

REST_SECONDS = 30.0
# Of the process, not of a thread: one thread that waited for a silent server spares the others the wait.
_rests_until = 0.0


def redis_rests() -> bool:
    """Whether Redis failed so lately that nobody should wait for it again, be it as the cache or as the broker."""
    return time.monotonic() < _rests_until


def let_redis_rest() -> None:
    """Remember that Redis failed."""
    global _rests_until
    _rests_until = time.monotonic() + REST_SECONDS


class FallbackCache(BaseCache):
    """Asks the cache `redis`; when it fails, `database`, and leaves Redis alone for half a minute.

    Counts begin anew when the store changes: a limit may then be reached later, and never lets a page fail.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def _ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if not redis_rests():
            try:
                return getattr(caches["redis"], method)(*args, **kwargs)
            except redis.RedisError as error:
                let_redis_rest()
                logger.warning("Redis does not answer (%s): the database counts instead.", type(error).__name__)
        return getattr(caches["database"], method)(*args, **kwargs)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Set a value unless there is one."""
        return bool(self._ask("add", key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """The value, or the default."""
        return self._ask("get", key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Set a value."""
        self._ask("set", key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep a value for longer."""
        return bool(self._ask("touch", key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget a value."""
        return bool(self._ask("delete", key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Count, in one step."""
        return int(self._ask("incr", key, delta, version))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Whether there is a value."""
        return bool(self._ask("has_key", key, version))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        """The values there are, by key, in one round trip."""
        return dict(self._ask("get_many", list(keys), version))

    def clear(self) -> None:
        """Forget everything."""
        self._ask("clear")
