"""An OpenID Connect provider that answers on this machine: discovery, keys, its sign-in page and the token endpoint."""

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

CLIENT_ID = "portal-client"
CLIENT_SECRET = "a secret with & and :"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGERS_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: Any, kid: str) -> dict[str, Any]:
    """The public half, as providers publish it."""
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


class FakeProvider:
    """Signs in whoever `claims` names. What is put into `changed` replaces a claim; None takes it away."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.issuer = server.url_for("/tenant/v2.0")
        self.claims: dict[str, Any] = {"sub": "a-person", "email": "robin@northwind.example", "email_verified": True}
        self.changed: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.jwks = [public_jwk(RSA_KEY, "first")]
        self.signing: dict[str, Any] = {"key": RSA_KEY, "algorithm": "RS256", "headers": {"kid": "first"}}
        self.cancels = False
        self.token_status = 200
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.basic = True
        for path, handler in {
            "/tenant/v2.0/.well-known/openid-configuration": self._discovery,
            "/keys": self._keys,
            "/authorize": self._authorize,
            "/token": self._token,
        }.items():
            server.expect_request(path).respond_with_handler(handler)

    def _discovery(self, request: Request) -> Response:
        self.asked.append("discovery")
        methods = ["client_secret_basic"] if self.basic else ["client_secret_post", "client_secret_basic"]
        return _as_json(
            {
                "issuer": self.issuer,
                "authorization_endpoint": self.server.url_for("/authorize"),
                "token_endpoint": self.server.url_for("/token"),
                "jwks_uri": self.server.url_for("/keys"),
                "token_endpoint_auth_methods_supported": methods,
                **self.document,
            }
        )

    def _keys(self, request: Request) -> Response:
        self.asked.append("keys")
        return _as_json({"keys": self.jwks})

    def _authorize(self, request: Request) -> Response:
        """The person is signed in there already; a code is made and kept with what it was asked for."""
        asked = request.args.to_dict()
        if self.cancels:
            answer = {"error": "access_denied", "error_description": "the user canceled", "state": asked["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            answer = {"code": code, "state": asked["state"]}
        return Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{urlencode(answer)}"})

    def _token(self, request: Request) -> Response:
        """Each code once, to the client that proves itself and knows what the code was asked with."""
        self.asked.append("token")
        form, asked = request.form, self.codes.pop(request.form.get("code", ""), None)
        if not self._is_client(request):
            return _as_json({"error": "invalid_client"}, 401)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if (
            asked is None
            or asked["code_challenge_method"] != "S256"
            or challenge.rstrip("=") != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
            or form["grant_type"] != "authorization_code"
        ):
            return _as_json({"error": "invalid_grant"}, 400)
        if self.token_status != 200:
            return _as_json({"error": "temporarily_unavailable"}, self.token_status)
        return _as_json({"id_token": self.id_token(asked["nonce"]), "access_token": "unused", "token_type": "Bearer"})

    def _is_client(self, request: Request) -> bool:
        if self.basic:
            pair = f"{CLIENT_ID}:a%20secret%20with%20%26%20and%20%3A"
            return request.headers.get("Authorization") == "Basic " + base64.b64encode(pair.encode()).decode()
        return (request.form.get("client_id"), request.form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)

    def id_token(self, nonce: str) -> str:
        """What the token endpoint gives."""
        now = int(time.time())
        made = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {**made, **self.claims, **self.changed}
        return jwt.encode({name: value for name, value in claims.items() if value is not None}, **self.signing)


def _as_json(answer: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(answer), status=status, content_type="application/json")
