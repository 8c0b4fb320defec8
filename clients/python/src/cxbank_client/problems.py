"""Every answer that is not a success, as an exception that knows its status and what to do about it.

Problem
├── Unauthorized 401, Forbidden 403, NotFound 404, Gone 410
├── Conflict 409
├── PreconditionFailed 412, PreconditionRequired 428
├── TooLarge 413, Malformed 422, TooMany 429
├── Unavailable 503
└── Unreachable      no answer at all: nobody knows whether the request was carried out
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of the input: where (RFC 6901 pointer), which (a stable code), and a sentence."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):  # the word of RFC 9457, as the services use it
    """The base of all; `type` is stable (`/problems/slot-taken`), `detail` is a sentence for people."""

    status: ClassVar[int] = 0

    def __init__(
        self,
        status: int,
        title: str,
        *,
        type: str = "about:blank",  # noqa: A002  # the member's name in RFC 9457
        detail: str = "",
        instance: str = "",
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}" if detail else f"{status} {title}")
        self.status_code = status
        self.title = title
        self.type = type
        self.detail = detail
        self.instance = instance
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.extra = dict(extra or {})


class Unauthorized(Problem):
    """No token, or one that does not hold."""

    status = 401


class Forbidden(Problem):
    """The token holds, its scope does not suffice."""

    status = 403


class NotFound(Problem):
    """Unknown, or another customer's."""

    status = 404


class Conflict(Problem):
    """The state of things does not allow it."""

    status = 409


class Gone(Problem):
    """The subject was erased."""

    status = 410


class PreconditionFailed(Problem):
    """`if_match` names a version that is no longer the present one: read again, decide again."""

    status = 412


class TooLarge(Problem):
    """The body is larger than this route takes."""

    status = 413


class Malformed(Problem):
    """The input cannot be understood; `errors` say where and why."""

    status = 422


class PreconditionRequired(Problem):
    """A change needs `if_match`."""

    status = 428


class TooMany(Problem):
    """The rate limit is spent; `retry_after` says for how long."""

    status = 429


class Unavailable(Problem):
    """A dependency is missing or load is shed; `retry_after` says when to come again."""

    status = 503


class Unreachable(Problem):
    """No answer came. A repeat with the same key settles what happened."""


_KNOWN: Mapping[int, type[Problem]] = {
    kind.status: kind
    for kind in (
        Unauthorized, Forbidden, NotFound, Conflict, Gone, PreconditionFailed, TooLarge, Malformed,
        PreconditionRequired, TooMany, Unavailable,
    )
}  # fmt: skip
_MEMBERS = {"type", "title", "status", "detail", "instance", "errors"}


def retry_after(response: httpx.Response) -> float | None:
    """The seconds of `Retry-After`; a date there is not used by these services."""
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None


def problem_of(response: httpx.Response) -> Problem:
    """The exception an unsuccessful answer stands for, also where a proxy answered without a problem document."""
    kind = _KNOWN.get(response.status_code, Problem)
    try:
        body = response.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    faults = [one for one in body.get("errors") or () if isinstance(one, dict)]
    return kind(
        response.status_code,
        str(body.get("title", response.reason_phrase)),
        type=str(body.get("type", "about:blank")),
        detail=str(body.get("detail", "")),
        instance=str(body.get("instance", "")),
        errors=[FieldError(*(str(one.get(name, "")) for name in ("pointer", "code", "detail"))) for one in faults],
        retry_after=retry_after(response),
        extra={name: value for name, value in body.items() if name not in _MEMBERS},
    )
