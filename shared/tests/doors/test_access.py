"""Who may: tokens of our issuer for this service only, by keys that rotate while we run, and a scope for each route."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared import access, clock
from shared.access import Verifier
from shared.problems import Unauthorized, Unavailable
from shared.testing.tokens import Issuer

READ, WRITE = "test.things:read", "test.things:write"
Start = Callable[..., Any]
Callers = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def caller(service: Start) -> Callers:
    made: Callers = await service()
    return made


@pytest.fixture
def own() -> Issuer:
    """An issuer whose keys this test turns."""
    return Issuer()


class Watched:
    """An issuer's keys as a verifier asks for them; it can be down."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.asked = 0
        self.down = False

    async def fetch(self) -> Mapping[str, Any]:
        self.asked += 1
        await asyncio.sleep(0.01)
        if self.down:
            raise httpx.ConnectError("down")
        return self.issuer.jwks()


def part(data: Mapping[str, Any] | bytes) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_for(issuer: Issuer) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": issuer.name, "aud": "test", "sub": "x", "exp": now + 600, "scope": READ, "actor": "client"}


async def test_no_token_is_401_and_says_how_to_come_back(caller: Callers) -> None:
    answer = await caller().get("/v1/things/me")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "/problems/unauthorized"


@pytest.mark.parametrize("head", ["", "Bearer", "Bearer ", "Basic dTpw", "Bearer a.b.c", "Bearer ..", "bearer \xe9"])
async def test_what_is_no_token_is_401(caller: Callers, head: str) -> None:
    answer = await caller().get("/v1/things/me", headers={b"Authorization": head.encode("latin-1")})
    assert answer.status_code == 401


async def test_the_right_token_is_let_in_and_known(caller: Callers) -> None:
    request_id = str(uuid4())
    answer = await caller(READ, sub="me").get("/v1/things/me", headers={"X-Request-Id": request_id})
    assert answer.json() == {"sub": "me", "actor": "client", "on_behalf_of": None, "request_id": request_id}
    assert answer.headers["x-request-id"] == request_id


async def test_another_services_token_is_401(caller: Callers, issuer: Issuer) -> None:
    answer = await caller(token=issuer.token("risk", [READ])).get("/v1/things/me")
    assert answer.status_code == 401


async def test_a_scope_or_actor_that_does_not_suffice_is_403(caller: Callers) -> None:
    assert (await caller(WRITE).get("/v1/things/me")).status_code == 403
    assert (await caller(READ).post("/v1/things", json={"name": "a"})).status_code == 403
    customer = caller(WRITE, actor="customer", customer_id=uuid4())
    assert (await customer.post("/v1/things", json={"name": "a"})).status_code == 403


async def test_who_may_not_is_told_before_anything_is_read(caller: Callers) -> None:
    """Neither the body's faults nor a full pool are told to somebody without the right."""
    assert (await caller().post("/v1/things", content=b"\x00[")).status_code in {401, 422}
    assert (await caller(READ).post("/v1/things", json={"wrong": 1})).status_code == 403


async def test_a_customer_sees_their_own_and_nobody_elses(caller: Callers) -> None:
    mine, other = uuid4(), uuid4()
    client = caller(READ, actor="customer", customer_id=mine)
    assert (await client.get(f"/v1/things/of/{mine}")).status_code == 200
    assert (await client.get(f"/v1/things/of/{other}")).status_code == 404
    assert (await caller(READ).get(f"/v1/things/of/{other}")).status_code == 200


async def test_only_a_service_may_say_whom_it_serves(caller: Callers) -> None:
    told = {"On-Behalf-Of": "clerk-7"}
    by_service = await caller(READ, actor="service").get("/v1/things/me", headers=told)
    by_client = await caller(READ).get("/v1/things/me", headers=told)
    assert by_service.json()["on_behalf_of"] == "clerk-7"
    assert by_client.json()["on_behalf_of"] is None


async def test_a_route_for_everybody_needs_no_token(caller: Callers) -> None:
    assert (await caller().get("/v1/things/open")).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 1},
        {"nbf": int(time.time()) + 3600},
        {"iss": "http://elsewhere"},
        {"actor": "root"},
        {"actor": "customer"},
        {"actor": "customer", "customer_id": "no-id"},
        {"aud": None},
        {"sub": None},
    ],
    # Not the values: they are of this second, and each worker of a test run would have its own.
    ids="-".join,
)
async def test_claims_that_do_not_hold_are_401(own: Issuer, claims: dict[str, Any]) -> None:
    verifier = Verifier(own.name, "test", own.fetch)
    with pytest.raises(Unauthorized):
        await verifier.verify(own.token("test", [READ], **claims))


async def test_a_token_lets_in_until_it_ends_also_from_the_cache(own: Issuer) -> None:
    verifier = Verifier(own.name, "test", own.fetch)
    token = own.token("test", [READ], lifetime=100)
    first = await verifier.verify(token)
    assert await verifier.verify(token) is first
    with clock.frozen(clock.now() + timedelta(seconds=101)), pytest.raises(Unauthorized):
        await verifier.verify(token)


async def test_unknown_keys_are_asked_for_once_by_many_and_not_again_at_once(own: Issuer) -> None:
    """The key id is the caller's to choose: it must not make us flood the issuer."""
    watched = Watched(own)
    verifier = Verifier(own.name, "test", watched.fetch)
    stranger = Issuer(own.name)
    told = await asyncio.gather(
        *(verifier.verify(stranger.token("test", [READ])) for _ in range(20)), return_exceptions=True
    )
    assert all(isinstance(one, Unauthorized) for one in told)
    assert watched.asked == 1
    assert (await verifier.verify(own.token("test", [READ]))).sub == "test-client"
    assert watched.asked == 1


async def test_keys_rotate_without_a_restart(own: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_REFETCH_SECONDS", 0.0)
    watched = Watched(own)
    verifier = Verifier(own.name, "test", watched.fetch)
    old = own.token("test", [READ], sub="old")
    await verifier.verify(old)
    own.rotate()
    assert (await verifier.verify(own.token("test", [READ], sub="new"))).sub == "new"
    assert (await verifier.verify(own.token("test", [READ], sub="newer"))).sub == "newer"
    # Tokens of the old key hold as long as it is published.
    assert (await verifier.verify(old)).sub == "old"
    assert watched.asked == 2


async def test_a_withdrawn_key_signs_nobody_in_any_more(own: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_REFETCH_SECONDS", 0.0)
    verifier = Verifier(own.name, "test", own.fetch)
    stolen = own.token("test", [READ], sub="thief")
    kid = jwt.get_unverified_header(stolen)["kid"]
    await verifier.verify(own.token("test", [READ]))
    own.rotate()
    own.withdraw(kid)
    await verifier.verify(own.token("test", [READ]))
    with pytest.raises(Unauthorized):
        await verifier.verify(stolen)


async def test_while_the_issuer_is_down_known_keys_are_kept(own: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_REFETCH_SECONDS", 0.0)
    monkeypatch.setattr(access, "_FRESH_SECONDS", 0.0)
    watched = Watched(own)
    verifier = Verifier(own.name, "test", watched.fetch)
    await verifier.verify(own.token("test", [READ]))
    watched.down = True
    # Each token is a new one, the keys are stale and cannot be had: the ones we have go on.
    for _ in range(3):
        await verifier.verify(own.token("test", [READ]))
    assert watched.asked > 1
    own.rotate()
    with pytest.raises(Unauthorized):
        await verifier.verify(own.token("test", [READ]))


async def test_without_any_key_the_answer_is_503_and_not_401(own: Issuer) -> None:
    watched = Watched(own)
    watched.down = True
    with pytest.raises(Unavailable):
        await Verifier(own.name, "test", watched.fetch).verify(own.token("test", [READ]))


async def test_a_token_without_a_signature_is_refused(own: Issuer) -> None:
    kid = own.jwks()["keys"][0]["kid"]
    verifier = Verifier(own.name, "test", own.fetch)
    for alg in ("none", "None", "nOnE"):
        for head in ({"alg": alg, "typ": "at+jwt", "kid": kid}, {"alg": alg, "typ": "at+jwt"}):
            with pytest.raises(Unauthorized):
                await verifier.verify(f"{part(head)}.{part(claims_for(own))}.")


async def test_the_public_key_is_no_secret_for_hs256(own: Issuer) -> None:
    """Who signs with our published key as an HMAC secret must not come in, however the key is written down."""
    (published,) = own.jwks()["keys"]
    key = jwt.PyJWK(published).key
    secrets = [
        key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(published).encode(),
        published["x"].encode(),
        b"",
    ]
    verifier = Verifier(own.name, "test", own.fetch)
    for secret in secrets:
        signed = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': published['kid']})}.{part(claims_for(own))}"
        tag = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        with pytest.raises(Unauthorized):
            await verifier.verify(f"{signed}.{part(tag)}")


async def test_a_key_that_the_token_brings_itself_counts_for_nothing(own: Issuer) -> None:
    mine = ec.generate_private_key(ec.SECP256R1())
    (published,) = own.jwks()["keys"]
    public = jwt.algorithms.ECAlgorithm.to_jwk(mine.public_key(), as_dict=True)
    head = {"kid": published["kid"], "jwk": public, "jku": "http://elsewhere/jwks"}
    token = jwt.encode(claims_for(own), mine, algorithm="ES256", headers=head)
    with pytest.raises(Unauthorized):
        await Verifier(own.name, "test", own.fetch).verify(token)


async def test_a_changed_claim_breaks_the_signature(own: Issuer) -> None:
    head, body, tag = own.token("test", [READ]).split(".")
    told = json.loads(base64.urlsafe_b64decode(body + "==="))
    with pytest.raises(Unauthorized):
        await Verifier(own.name, "test", own.fetch).verify(f"{head}.{part(told | {'scope': WRITE})}.{tag}")
