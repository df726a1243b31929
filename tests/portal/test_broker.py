"""The embedded broker hands over whole messages once; a broker that does not answer never holds a page for long."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from celery import Celery
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "messages").mkdir()
    (tmp_path / "control").mkdir()
    return tmp_path / "messages"


@pytest.fixture
def channel(folder: Path) -> Iterator[Any]:
    options = {
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "control_folder": str(folder / "../control"),
    }
    with Connection(
        "filesystem://localhost", transport="csp_portal.broker:Transport", transport_options=options
    ) as connection:
        yield connection.default_channel


def test_messages_are_taken_once_and_in_order(channel: Any, folder: Path) -> None:
    for number in range(3):
        channel._put("celery", {"number": number})
        time.sleep(0.002)

    assert [channel._get("celery")["number"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Empty):
        channel._get("celery")
    assert list(folder.iterdir()) == []


def test_message_of_another_queue_stays(channel: Any, folder: Path) -> None:
    channel._put("other", {})

    with pytest.raises(Empty):
        channel._get("celery")
    assert len(list(folder.iterdir())) == 1


def test_message_that_cannot_be_read_is_dropped_and_the_next_one_taken(channel: Any, folder: Path) -> None:
    (folder / "1_broken.celery.msg").write_text("")
    channel._put("celery", {"number": 1})

    assert channel._get("celery") == {"number": 1}


def test_message_that_is_being_written_is_not_taken(
    channel: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: Path, target: Path) -> None:
        raise OSError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(OSError, match="killed here"):
            channel._put("celery", {"number": 1})

    with pytest.raises(Empty):
        channel._get("celery")


@pytest.mark.redis
@pytest.mark.parametrize("listens", [True, False], ids=["silent", "down"])
def test_publishing_gives_up_on_a_broker_that_does_not_answer(listens: bool) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listens:
            silent.listen()
        app = Celery(broker=f"redis://127.0.0.1:{silent.getsockname()[1]}/0", set_as_current=False)
        app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        began = time.monotonic()
        with pytest.raises(OperationalError):
            app.send_task("anything", retry=False, ignore_result=True)

    assert time.monotonic() - began < 4
