"""Redis gone must not lock anybody out."""

import socket
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import Client, override_settings
from django.urls import reverse

from core import cache as fallback
from tests.world import PASSWORD, make_world

DATABASE = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}


def caches_with(url: str) -> dict[str, dict[str, object]]:
    """The production's caches, with Redis at this address."""
    options = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2}
    return {
        "default": {"BACKEND": "core.cache.FallbackCache"},
        "redis": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url, "OPTIONS": options},
        "database": DATABASE,
    }


@pytest.fixture(params=["refused", "silent"])
def dead_redis(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A port where nobody listens, or where somebody does and never answers."""
    monkeypatch.setattr(fallback, "_rests_until", 0.0)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "silent":
            listener.listen(8)
        with override_settings(CACHES=caches_with(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")):
            yield


@pytest.mark.django_db
def test_everything_goes_on_without_redis(dead_redis: None, caplog: pytest.LogCaptureFixture) -> None:
    store = caches["default"]
    assert store.add("count", 1, 60) is True
    assert store.add("count", 5, 60) is False
    assert store.incr("count") == 2
    assert (store.get("count"), "count" in store, store.get("other", "none")) == (2, True, "none")
    store.set("word", "kept", 60)
    assert store.get_many(["word", "count", "other"]) == {"word": "kept", "count": 2}
    assert store.touch("word", 60) is True
    assert (store.delete("word"), store.get("word")) == (True, None)
    # Asked once, and then left alone: a silent server must not cost every page its timeout.
    assert len([r for r in caplog.records if r.name == "core.cache"]) == 1


@pytest.mark.django_db
def test_people_sign_in_without_redis(dead_redis: None) -> None:
    person = make_world().ours.provider_admin.user
    assert person is not None
    response = Client().post(reverse("account_login"), {"login": person.sign_in_name, "password": PASSWORD})
    assert (response.status_code, response.headers["Location"]) == (302, reverse("home"))


@pytest.mark.django_db
def test_without_redis_strangers_are_slowed_and_known_devices_are_not(dead_redis: None) -> None:
    person = make_world().ours.provider_admin.user
    assert person is not None
    own, stranger = Client(), Client()
    right = {"login": person.sign_in_name, "password": PASSWORD}
    own.post(reverse("account_login"), right)
    own.post(reverse("account_logout"))
    for _try in range(11):
        stranger.post(reverse("account_login"), {**right, "password": "guess"})
    assert stranger.post(reverse("account_login"), right).status_code == 200
    assert own.post(reverse("account_login"), right).status_code == 302


@pytest.mark.redis
def test_redis_is_asked_while_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "_rests_until", 0.0)
    with override_settings(CACHES=caches_with(settings.REDIS_URL)):
        caches["default"].set("where", "here", 60)
        assert caches["redis"].get("where") == "here"
        caches["default"].delete("where")
        assert caches["redis"].get("where") is None
