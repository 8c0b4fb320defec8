"""What the generated models are made of: strict inputs, tolerant answers that remember how they came, pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr


@dataclass(frozen=True, slots=True)
class Meta:
    """What an answer's head said: its status, `ETag`, `Location`, request id, and whether it is a repeat."""

    status: int = 0
    etag: str | None = None
    location: str | None = None
    request_id: str | None = None
    replayed: bool = False


class Input(BaseModel):
    """What we send: a misspelt field is found here, before the service refuses it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, protected_namespaces=())
    # Which fields make a request the same when it is repeated; without a value in any, a header key is needed.
    natural_keys: ClassVar[tuple[str, ...]] = ()

    def has_natural_key(self) -> bool:
        """Whether a repeat of this body is known by the body itself."""
        return any(getattr(self, name, None) is not None for name in self.natural_keys)


class Answer(BaseModel):
    """What we are told: fields and values of enumerations that are newer than this client are no error."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, protected_namespaces=())
    _meta: Meta = PrivateAttr(default_factory=Meta)

    @property
    def meta(self) -> Meta:
        """How the answer came."""
        return self._meta

    def told_by(self, status: int, headers: Mapping[str, str]) -> Self:
        """Remember the head of the answer this model was read from."""
        self._meta = Meta(
            status,
            headers.get("ETag"),
            headers.get("Location"),
            headers.get("X-Request-Id"),
            headers.get("Idempotent-Replayed", "").lower() == "true",
        )
        return self


class Said(BaseModel):
    """The data of an event, as its service says it; fields that are newer than this client are no error."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, protected_namespaces=())
    event_type: ClassVar[str] = ""


T = TypeVar("T")


class Page(Answer, Generic[T]):
    """One page of a list, newest first; `next_cursor` is None on the last."""

    items: list[T]
    next_cursor: str | None = None


def sent(model: BaseModel) -> dict[str, Any]:
    """A body as it travels: only what the sender set, so that a merge patch changes nothing else."""
    return model.model_dump(mode="json", exclude_unset=True, by_alias=True)
