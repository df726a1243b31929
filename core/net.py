"""Where a request came from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """The client's address; forwarded headers count only for the number of proxies the installation vouches for."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted: int = settings.TRUSTED_PROXIES
    forwarded = bare_address(hops[-trusted]) if trusted and len(hops) >= trusted else ""
    return forwarded or str(request.META.get("REMOTE_ADDR", ""))


def bare_address(hop: str) -> str:
    """The address without the port that some proxies write behind it; nothing for what is no address.

    A port would make every connection another client, which no limit would stop, and no record could keep it.
    """
    host, _colon, port = hop.rpartition(":")
    with_port = port.isdecimal() and (host.startswith("[") or ":" not in host)
    try:
        address = ipaddress.ip_address((host if with_port else hop).strip("[]").partition("%")[0])
    except ValueError:
        return ""
    return str(address)
