"""Webhooks leave for the public internet and for what the installation names, and for nothing else."""

import ipaddress
import socket

import pytest
from pytest_django import Settings

from core.exceptions import Refused
from notifications.webhooks.addresses import ForbiddenAddress, UnknownHost, check_url, is_public, resolve

INSIDE = """
    127.0.0.1 127.8.8.8 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 0.1.2.3
    192.0.0.8 198.18.0.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 fe80::1 fc00::1 fd00:ec2::254 ff02::1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:10.0.0.1 ::7f00:1
    64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 2002:7f00:1:: 2002:a9fe:a9fe:: 2001:0:7f00:1::80ff:fffe 2001:db8::1
    fec0::1 feff::1
""".split()
OUTSIDE = "93.184.216.34 8.8.8.8 2606:4700:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808".split()


@pytest.mark.parametrize("address", INSIDE)
def test_address_inside_is_not_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address)) is False


@pytest.mark.parametrize("address", OUTSIDE)
def test_address_outside_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address)) is True


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name lead to these addresses; the list fills with the names that were asked for."""
    asked: list[str] = []

    def answer(host: str, port: int, *args: object, **kwargs: object) -> list[tuple]:
        asked.append(host)
        kinds = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in addresses]
        return [(kind, socket.SOCK_STREAM, 6, "", (one, port)) for kind, one in zip(kinds, addresses, strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


@pytest.mark.parametrize("address", INSIDE)
def test_name_that_leads_inside_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    leads_to(monkeypatch, address)
    with pytest.raises(ForbiddenAddress):
        resolve("hooks.example", 443)


def test_name_that_leads_to_both_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    leads_to(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(ForbiddenAddress):
        resolve("hooks.example", 443)


def test_public_name_is_taken_as_it_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = leads_to(monkeypatch, "93.184.216.34", "2606:4700:4700::1111")
    found = resolve("hooks.example", 443)
    assert [target.sockaddr[0] for target in found] == ["93.184.216.34", "2606:4700:4700::1111"]
    assert asked == ["hooks.example"]


@pytest.mark.parametrize("port", [22, 80, 5432, 6379, 8443])
def test_other_port_is_refused_before_anybody_is_asked(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = leads_to(monkeypatch, "93.184.216.34")
    with pytest.raises(ForbiddenAddress):
        resolve("hooks.example", port)
    assert asked == []


def test_name_that_leads_nowhere_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    leads_to(monkeypatch)
    with pytest.raises(UnknownHost):
        resolve("hooks.example", 443)


@pytest.mark.parametrize(
    ("entry", "port", "allowed"),
    [
        ("hooks.intranet", 443, True),
        ("hooks.intranet", 8443, False),
        ("hooks.intranet:8443", 8443, True),
        ("hooks.intranet:8443", 443, False),
        ("hooks.intranet:*", 8080, True),
        ("HOOKS.intranet", 443, True),
        ("other.intranet", 443, False),
        ("intranet", 443, False),
    ],
)
def test_installation_allows_hosts_of_its_own(
    entry: str, port: int, allowed: bool, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = [entry]
    leads_to(monkeypatch, "10.0.0.7")
    if allowed:
        assert resolve("hooks.intranet", port)[0].sockaddr == ("10.0.0.7", port)
    else:
        with pytest.raises(ForbiddenAddress):
            resolve("hooks.intranet", port)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://localhost/",
        "https://hooks/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://hooks.example:8443/",
        "https://hooks.example:0/",
        "https://hooks.example:99999/",
        "https://user:pass@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example/a b",
        "https://hooks.example\\@10.0.0.1/",
        "https://hooks.example/\nX-Header: 1",
        "https://höoks.example/",
        "hooks.example",
        "",
    ],
)
def test_address_that_cannot_be_is_refused_at_once(url: str, settings: Settings) -> None:
    settings.PRODUCTION, settings.WEBHOOK_ALLOWED_HOSTS = True, []
    with pytest.raises(Refused):
        check_url(url)


@pytest.mark.parametrize("url", ["https://hooks.example/a?b=c", "https://hooks.example:443/", "https://8.8.8.8/"])
def test_public_https_address_is_taken(url: str, settings: Settings) -> None:
    settings.PRODUCTION, settings.WEBHOOK_ALLOWED_HOSTS = True, []
    assert check_url(url) == url
