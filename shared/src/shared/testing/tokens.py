"""An identity provider for development and tests: real signatures by keys that live as long as the process."""

import time
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

ISSUER = "http://127.0.0.1:8010"


class Issuer:
    """Signs tokens with ES256 and publishes its keys; `rotate` makes a new key and keeps publishing the old ones."""

    def __init__(self, name: str = ISSUER) -> None:
        self.name = name
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.rotate()

    def rotate(self) -> str:
        """A new signing key; its id."""
        self._current = uuid4().hex[:8]
        self._keys[self._current] = ec.generate_private_key(ec.SECP256R1())
        return self._current

    def withdraw(self, kid: str) -> None:
        """Publish a key no more."""
        del self._keys[kid]

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK set."""
        published = []
        for kid, key in self._keys.items():
            public: dict[str, Any] = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
            published.append(public | {"kid": kid, "alg": "ES256", "use": "sig"})
        return {"keys": published}

    async def fetch(self) -> Mapping[str, Any]:
        """The JWK set, as a verifier asks for it."""
        return self.jwks()

    def token(
        self,
        audience: str,
        scopes: Iterable[str] = (),
        *,
        actor: str = "client",
        sub: str = "test-client",
        customer_id: UUID | None = None,
        lifetime: float = 3600,
        **claims: Any,
    ) -> str:
        """A token for one audience."""
        now = time.time()
        body: dict[str, Any] = {
            "iss": self.name,
            "aud": audience,
            "sub": sub,
            "iat": int(now),
            "exp": int(now + lifetime),
            "jti": uuid4().hex,
            "scope": " ".join(scopes),
            "actor": actor,
        }
        if customer_id is not None:
            body["customer_id"] = str(customer_id)
        head = {"kid": self._current, "typ": "at+jwt"}
        return jwt.encode(body | claims, self._keys[self._current], algorithm="ES256", headers=head)
