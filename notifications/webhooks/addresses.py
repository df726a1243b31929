"""Where webhooks may go: to the public internet over HTTPS, and to what the installation allows by name."""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from core.exceptions import Refused

HTTPS_PORT = 443
ANY_PORT = "*"
# Networks whose addresses hold an IPv4 address that a gateway would go on to: NAT64, and the older compatible form.
NAT64 = ipaddress.ip_network("64:ff9b::/96")
COMPATIBLE = ipaddress.ip_network("::/96")
# Of the protocols themselves: newer versions of Python call some of its addresses global. So they all do with the
# addresses that sites of old gave themselves (fec0::/10).
PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenAddress(Exception):
    """The name leads to an address that webhooks may not reach."""


class UnknownHost(Exception):
    """The name leads nowhere."""


@dataclass(frozen=True)
class Target:
    """An address of a socket, checked: it is connected to as it stands, without asking for the name again."""

    family: int
    sockaddr: Any


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet, also that which it stands for in another dress."""
    inner = embedded(address)
    if inner is not None:
        return is_public(inner)
    if address in PROTOCOLS or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv6 address that a host or a gateway would take it for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in NAT64 or (address in COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def is_allowed_by_name(host: str, port: int) -> bool:
    """Whether WEBHOOK_ALLOWED_HOSTS names this host and port: `host` (443), `host:8443` or `host:*`."""
    for entry in settings.WEBHOOK_ALLOWED_HOSTS:
        name, wanted = entry, str(HTTPS_PORT)
        if ":" in entry and not entry.endswith("]"):
            name, _colon, wanted = entry.rpartition(":")
        if name.strip("[]").lower() == host.lower() and wanted in (ANY_PORT, str(port)):
            return True
    return False


def resolve(host: str, port: int) -> list[Target]:
    """The addresses of the host; ForbiddenAddress if any of them is not public, UnknownHost if there is none."""
    allowed = is_allowed_by_name(host, port)
    if port != HTTPS_PORT and not allowed:
        raise ForbiddenAddress
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise UnknownHost from error
    if not found:
        raise UnknownHost
    for _family, _kind, _proto, _name, sockaddr in found:
        # A name that leads to both is a trap or a mistake: nothing of it is used.
        if not allowed and not is_public(ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])):
            raise ForbiddenAddress
    return [Target(family, sockaddr) for family, _kind, _proto, _name, sockaddr in found]


def check_url(url: str) -> str:
    """The address as it will be used, or Refused with what to enter instead; nobody is asked about the name yet."""
    parts = _parts(url)
    host, port = parts.hostname or "", parts.port or (HTTPS_PORT if parts.scheme == "https" else 80)
    if parts.scheme != "https" and (settings.PRODUCTION or parts.scheme != "http"):
        raise Refused(_("Enter an address that starts with https://."))
    if not host or ("." not in host and ":" not in host and not is_allowed_by_name(host, port)):
        raise Refused(_("Enter an address like https://company.com/webhooks."))
    if parts.username is not None or parts.password is not None:
        raise Refused(_("Leave the user name and the password out of the address: the signature proves who sends."))
    if parts.fragment:
        raise Refused(_("Leave out what follows the # in the address."))
    if is_allowed_by_name(host, port):
        return url
    if port != HTTPS_PORT:
        raise Refused(_("Use the port 443: other ports are not reached from here."))
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return url
    if not is_public(literal):
        raise Refused(_("This address lies in a network that webhooks may not reach."))
    return url


def _parts(url: str) -> SplitResult:
    """The parts of an address that has nothing odd in it."""
    wrong = Refused(_("Enter an address like https://company.com/webhooks."))
    if not url.isascii() or any(sign.isspace() or ord(sign) < 32 or sign in '\\"<>^`{|}' for sign in url):
        raise wrong
    try:
        parts = urlsplit(url)
        if parts.port == 0:
            raise wrong
    except ValueError as error:
        raise wrong from error
    return parts
