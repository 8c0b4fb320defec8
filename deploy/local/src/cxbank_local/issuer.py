"""A development issuer: publishes its key and gives tokens to the suite's own clients; refuses production mode."""

import base64
import binascii
import json
import os
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from cxbank_local.state import CHECKOUT, SERVICES, State

LIFETIME: Final = 3_600
_MOST: Final = 10_000


class ProductionMode(RuntimeError):
    """A bank has its own identity provider: this one must not stand in for it."""


def scopes_of(service: str) -> list[str]:
    """Every scope the routes of a service ask for, from its contract."""
    document = json.loads((CHECKOUT / "services" / service / "contract" / "openapi.json").read_text())
    asked = (
        scope
        for path in document["paths"].values()
        for operation in path.values()
        for requirement in operation.get("security", ())
        for scopes in requirement.values()
        for scope in scopes
    )
    return sorted(set(asked))


class DevelopmentIssuer:
    """Signs with a key that is kept beside the data, so that tokens outlive a restart."""

    def __init__(self, state: State) -> None:
        if os.environ.get("CXBANK_MODE") == "production":
            raise ProductionMode("the development issuer does not start in production mode")
        self._state = state
        self.name = f"http://127.0.0.1:{state.ports.issuer}"
        self._key = _key(state.folder / "keys" / "issuer.pem")
        self._server: ThreadingHTTPServer | None = None

    def jwks(self) -> dict[str, Any]:
        """The public key as a JWK set."""
        public: dict[str, Any] = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": "development", "alg": "ES256", "use": "sig"}]}

    def token(
        self, audience: str, scopes: str, *, sub: str, actor: str, lifetime: int = LIFETIME, **claims: Any
    ) -> str:
        """A token for one service."""
        now = int(time.time())
        body = {
            "iss": self.name,
            "aud": audience,
            "sub": sub,
            "actor": actor,
            "scope": scopes,
            "iat": now,
            "exp": now + lifetime,
            "jti": uuid4().hex,
        }
        head = {"kid": "development", "typ": "at+jwt"}
        return jwt.encode(body | claims, self._key, algorithm="ES256", headers=head)

    def start(self) -> None:
        """Answer on loopback, beside whatever else this process does."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._state.ports.issuer), _handler(self, self._state))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True, name="issuer").start()

    def stop(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        loaded = serialization.load_pem_private_key(path.read_bytes(), None)
        if isinstance(loaded, ec.EllipticCurvePrivateKey):
            return loaded
    made = ec.generate_private_key(ec.SECP256R1())
    plain = serialization.NoEncryption()
    path.touch(mode=0o600)
    path.write_bytes(made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return made


def _handler(issuer: DevelopmentIssuer, state: State) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """GET /jwks, POST /token (client credentials, RFC 6749 section 4.4)."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/jwks":
                self._say(HTTPStatus.OK, issuer.jwks())
            else:
                self._say(HTTPStatus.NOT_FOUND, {"error": "not_found"})

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            if self.path != "/token" or size > _MOST:
                self._say(HTTPStatus.NOT_FOUND, {"error": "not_found"})
                return
            form = {
                name: values[0] for name, values in parse_qs(self.rfile.read(size).decode("utf-8", "replace")).items()
            }
            client, secret = self._credentials(form)
            audience = form.get("audience", "")
            known = state.secrets.get(f"client:{client}")
            if known is None or known != secret or audience not in SERVICES:
                self._say(HTTPStatus.UNAUTHORIZED, {"error": "invalid_client"})
                return
            may = scopes_of(audience)
            wanted = form.get("scope", "").split() or may
            scope = " ".join(one for one in wanted if one in may)
            actor = "service" if client in SERVICES else "client"
            token = issuer.token(audience, scope, sub=client, actor=actor)
            self._say(HTTPStatus.OK, {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME})

        def _credentials(self, form: dict[str, str]) -> tuple[str, str]:
            head = self.headers.get("authorization", "")
            if head.lower().startswith("basic "):
                try:
                    client, _, secret = base64.b64decode(head[6:]).decode().partition(":")
                except (binascii.Error, UnicodeDecodeError):
                    return "", ""
                return client, secret
            return form.get("client_id", ""), form.get("client_secret", "")

        def _say(self, status: HTTPStatus, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
            """Say nothing: a token request holds a secret."""

    return Handler
