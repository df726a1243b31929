"""Two transports of kombu, mended: the directory of the embedded broker, and Redis.

The directory carries whole messages only. kombu opens a message under its final name and then writes it, so that a
worker can read it half written (and stops for good on a message that is not JSON), and it moves what it reads through
the system's temporary directory.

With Redis, a worker that cannot acknowledge a message (Redis hangs for a moment) counts it as being worked on for ever,
and takes nothing any more once that has happened as often as it has processes, without a word.
"""

import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem, redis, virtual
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads
from redis.exceptions import RedisError


class Channel(filesystem.Channel):
    """Publish by one rename and take by another; a message that cannot be read is dropped: the rows are the truth."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns() // 1_000_000}_{uuid.uuid4()}"
        part = folder / f"{name}.part"
        part.write_bytes(str_to_bytes(dumps(payload)))
        part.rename(folder / f"{name}.{queue}.msg")

    def _get(self, queue: str) -> Any:
        folder = Path(self.data_folder_in)
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f"{name}.taken"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue  # another process was faster
            try:
                return loads(bytes_to_str(taken.read_bytes()))
            except ValueError:
                continue
            finally:
                taken.unlink(missing_ok=True)
        raise Empty


class Transport(filesystem.Transport):
    """Named by CELERY_BROKER_TRANSPORT."""

    Channel = Channel


class RedisQoS(redis.QoS):
    """Frees the place of a message even if Redis cannot be told; it comes again, and every task may run twice."""

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge."""
        try:
            super().ack(delivery_tag)
        except RedisError:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Refuse, or give back."""
        try:
            super().reject(delivery_tag, requeue)
        except RedisError:
            virtual.QoS.ack(self, delivery_tag)
            raise


class RedisChannel(redis.Channel):
    """A channel whose places are freed."""

    QoS = RedisQoS


class RedisTransport(redis.Transport):
    """Named by CELERY_BROKER_TRANSPORT."""

    Channel = RedisChannel
