"""One POST: what arrives, and that nothing the other side does holds the sender or leads it elsewhere."""

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests.adapters
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from notifications.models.webhooks import EXCERPT_LENGTH
from notifications.webhooks import sending
from notifications.webhooks.sending import post
from tests.notifications.conftest import PATH

NAME = "hooks.example"


def rebound(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """A name server that answers differently each time; the list fills with what it answered."""
    left, given = list(answers), []

    def answer(host: str, port: int, *args: object, **kwargs: object) -> list[tuple]:
        address = left.pop(0) if len(left) > 1 else left[0]
        given.append(address)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return given


def test_body_and_headers_arrive(httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH, method="POST").respond_with_data("noted", 202)
    answer = post(httpserver.url_for(PATH), b'{"a":1}', {"webhook-id": "msg_1", "Content-Type": "application/json"})
    assert (answer.status, answer.failure, answer.excerpt, answer.is_success) == (202, "", "noted", True)
    request = httpserver.log[0][0]
    assert request.get_data() == b'{"a":1}'
    assert request.headers["webhook-id"] == "msg_1"
    assert "Cookie" not in request.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(status: int, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_data("", status, headers={"Location": httpserver.url_for("/other")})
    httpserver.expect_request("/other").respond_with_data("in")
    answer = post(httpserver.url_for(PATH), b"{}", {})
    assert (answer.status, answer.failure, answer.is_success) == (status, "status", False)
    assert [request.path for request, _response in httpserver.log] == [PATH]


@pytest.mark.parametrize("status", [304, 400, 404, 410, 429, 500, 503])
def test_answer_that_is_no_success_is_a_failure(status: int, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_data("no", status)
    answer = post(httpserver.url_for(PATH), b"{}", {})
    assert not answer.is_success
    assert answer.failure == "status"


def test_long_and_odd_answer_is_kept_short(httpserver: HTTPServer) -> None:
    body = "\x1b[31mred\x00\n" + "x" * 1_000_000
    httpserver.expect_request(PATH).respond_with_data(body)
    excerpt = post(httpserver.url_for(PATH), b"{}", {}).excerpt
    assert excerpt.startswith("[31mred x")
    assert len(excerpt) == EXCERPT_LENGTH


def test_who_does_not_answer_in_time_is_left(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "READ_SECONDS", 0.2)
    release = threading.Event()

    def slow(request: Request) -> Response:
        release.wait(5)
        return Response("late")

    httpserver.expect_request(PATH).respond_with_handler(slow)
    answer = post(httpserver.url_for(PATH), b"{}", {})
    release.set()
    assert (answer.status, answer.failure) == (None, "timeout")
    assert answer.duration_ms >= 200


class Dripper:
    """A server that sends a piece at a time and never comes to an end."""

    def __init__(self, first: bytes, drip: bytes) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}{PATH}"
        self.first, self.drip = first, drip
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        connection, _address = self.listener.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(self.first)
                while True:
                    time.sleep(0.05)
                    connection.sendall(self.drip)
            except OSError:
                pass

    def close(self) -> None:
        self.listener.close()
        self.thread.join(5)
        assert not self.thread.is_alive()


@pytest.fixture
def dripping() -> Iterator[list[Dripper]]:
    made: list[Dripper] = []
    yield made
    for one in made:
        one.close()


def test_headers_that_never_end_are_cut_off(dripping: list[Dripper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "WHOLE_SECONDS", 0.5)
    dripping.append(Dripper(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"))
    started = time.monotonic()
    answer = post(dripping[0].url, b"{}", {})
    assert (answer.status, answer.failure) == (None, "timeout")
    assert time.monotonic() - started < 5


def test_body_that_never_ends_keeps_nobody(dripping: list[Dripper]) -> None:
    dripping.append(Dripper(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun", b"."))
    started = time.monotonic()
    answer = post(dripping[0].url, b"{}", {})
    assert answer.is_success
    assert answer.excerpt.startswith("begun")
    assert time.monotonic() - started < 5


def test_who_hangs_up_is_a_failure(dripping: list[Dripper]) -> None:
    dripping.append(Dripper(b"nonsense\r\n\r\n", b"x"))
    assert post(dripping[0].url, b"{}", {}).failure == "broken"


def test_nobody_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    answer = post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert (answer.status, answer.failure) == (None, "no_connection")


def test_address_inside_is_never_connected_to(
    httpserver: HTTPServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = []
    httpserver.expect_request(PATH).respond_with_data("in")
    assert post(httpserver.url_for(PATH), b"{}", {}).failure == "forbidden"
    rebound(monkeypatch, "127.0.0.1")
    assert post(f"https://{NAME}/", b"{}", {}).failure == "forbidden"
    assert httpserver.log == []


def test_name_is_asked_for_once_and_the_answer_is_where_it_goes(
    httpserver: HTTPServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the name leads to a moment later plays no part: the connection goes to the address that was judged."""
    settings.WEBHOOK_ALLOWED_HOSTS = [f"{NAME}:*"]
    httpserver.expect_request(PATH).respond_with_data("here")
    given = rebound(monkeypatch, "127.0.0.1", "10.9.9.9")
    answer = post(f"http://{NAME}:{httpserver.port}{PATH}", b"{}", {})
    assert (answer.status, answer.excerpt) == (200, "here")
    assert given == ["127.0.0.1"]
    assert httpserver.log[0][0].headers["Host"] == f"{NAME}:{httpserver.port}"


def test_proxy_of_the_machine_has_no_say(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    httpserver.expect_request(PATH).respond_with_data("direct")
    assert post(httpserver.url_for(PATH), b"{}", {}).excerpt == "direct"


# --- certificates -----------------------------------------------------------------------------------------------------
def make_certificate(folder: Path, name: str) -> Path:
    """A certificate for the name that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{name}.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + pem)
    return path


@pytest.fixture
def tls_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A receiver with a certificate for NAME that the machine trusts."""
    path = make_certificate(tmp_path, NAME)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(path))
    with HTTPServer(host="127.0.0.1", port=0, ssl_context=context) as server:
        server.expect_request(PATH).respond_with_data("sealed")
        yield server


def test_certificate_is_that_of_the_name_though_an_address_is_connected_to(
    tls_server: HTTPServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = [f"{NAME}:*", "other.example:*"]
    rebound(monkeypatch, "127.0.0.1")
    assert post(f"https://{NAME}:{tls_server.port}{PATH}", b"{}", {}).excerpt == "sealed"
    assert post(f"https://other.example:{tls_server.port}{PATH}", b"{}", {}).failure == "certificate"
    assert len(tls_server.log) == 1


def test_certificate_that_nobody_vouches_for_is_refused(
    tls_server: HTTPServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = [f"{NAME}:*"]
    (tmp_path / "other").mkdir()
    stranger = make_certificate(tmp_path / "other", NAME)
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(stranger))
    rebound(monkeypatch, "127.0.0.1")
    assert post(f"https://{NAME}:{tls_server.port}{PATH}", b"{}", {}).failure == "certificate"
    assert tls_server.log == []
