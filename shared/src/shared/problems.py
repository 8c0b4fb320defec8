"""Every error a caller can act on, as RFC 9457 problem details: the class knows its status, the edge renders it.

Problem
├── Unauthorized 401, Forbidden 403, NotFound 404, Gone 410
├── Conflict 409
│   ├── RequestInFlight, ExternalRefConflict
├── PreconditionFailed 412, PreconditionRequired 428
├── TooLarge 413, TooMany 429, Unavailable 503
└── Malformed 422
    ├── IdempotencyKeyMissing, IdempotencyKeyReused
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of the input: where (RFC 6901 pointer), which (a stable code), and a sentence without the value."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):
    """The base of all: raise it anywhere; the edge turns it into `application/problem+json`."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    default_headers: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = {**self.default_headers, **(headers or {})}
        self.extra = extra

    @classmethod
    def code(cls) -> str:
        """The stable name of this kind of problem, in kebab case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def type(cls) -> str:
        """The relative reference that identifies this kind of problem."""
        return f"/problems/{cls.code()}"

    def body(self, instance: str) -> dict[str, Any]:
        """The members of the problem document; `instance` is the request's path."""
        document: dict[str, Any] = {
            "type": self.type(),
            "title": self.title,
            "status": self.status,
            "detail": self.detail or self.title,
            "instance": instance,
        }
        if self.errors:
            document["errors"] = [asdict(error) for error in self.errors]
        return document | self.extra


class Unauthorized(Problem):
    """No token, or one that does not hold."""

    status, title = 401, "Not authenticated"
    default_headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class Forbidden(Problem):
    """The token holds, its scope or actor does not suffice."""

    status, title = 403, "Not allowed"


class NotFound(Problem):
    """Unknown, or another customer's: the two are not told apart."""

    status, title = 404, "Not found"


class Conflict(Problem):
    """The state of things does not allow it."""

    status, title = 409, "Conflict"


class RequestInFlight(Conflict):
    """A twin of this request is still at work; its answer can be had soon."""

    title = "The same request is in flight"
    default_headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


class ExternalRefConflict(Conflict):
    """The natural key is known with other content."""

    title = "The key is known with other content"


class Gone(Problem):
    """The subject was erased and will not come back."""

    status, title = 410, "Erased"


class PreconditionFailed(Problem):
    """`If-Match` names a version that is no longer the present one."""

    status, title = 412, "Stale version"


class PreconditionRequired(Problem):
    """A change of a versioned resource needs `If-Match`."""

    status, title = 428, "If-Match is required"


class TooLarge(Problem):
    """The body is larger than this route takes."""

    status, title = 413, "Body too large"


class Malformed(Problem):
    """The input cannot be understood; `errors` say where and why."""

    status, title = 422, "Malformed input"


class IdempotencyKeyMissing(Malformed):
    """A creating request needs a natural key in its body or an `Idempotency-Key` header."""

    title = "A key is required"


class IdempotencyKeyReused(Malformed):
    """The `Idempotency-Key` was used with other content."""

    title = "The key was used with other content"


class TooMany(Problem):
    """The caller's rate limit is spent."""

    status, title = 429, "Too many requests"
    default_headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


class Unavailable(Problem):
    """A dependency is missing, or load is shed."""

    status, title = 503, "Unavailable"
    default_headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}
