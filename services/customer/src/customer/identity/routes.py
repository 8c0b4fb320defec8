"""HTTP of who is who: link, split, dissolve, look at sets, close what a merge left to review. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from customer.identity import repository, usecases
from customer.identity.access import CanDecide, CanLink, CanRead, CanReadCandidates, CanReadReviews, CanReview
from customer.identity.domain.evidence import Band, CandidateState, PartReason, ReviewState, SetState
from customer.identity.schemas import (
    CloseReview,
    DecideCandidate,
    DuplicateCandidate,
    IdentityLink,
    IdentitySplit,
    LinkIdentities,
    MergeReview,
    SplitIdentity,
)
from customer.identity.tables import duplicate_candidate, link_set, merge_review
from customer.identity.usecases.standing import one
from shared.db import Read, Tx
from shared.etags import IfMatch, created, with_etag
from shared.idempotency import IdempotencyKey, wish_for
from shared.pagination import Cursor, Limit, Page, as_it_is, keyset
from shared.routing import Router

router = Router(prefix="/v1/identity-links", tags=["identity"])
candidates_router = Router(prefix="/v1/duplicate-candidates", tags=["identity"])
reviews_router = Router(prefix="/v1/merge-reviews", tags=["identity"])


@router.post("", status_code=201, response_model=IdentityLink)
async def link_identities(
    request: Request, body: LinkIdentities, caller: CanLink, tx: Tx, key: IdempotencyKey = None
) -> Response:
    """Let records count as one party, going by the leader; every set one of them was in is absorbed.

    Errors: 404, 410 a member is unknown or erased; 409 linked already, different kinds, too many records; 422 the
    evidence only hints; 429 linked too often.
    """
    wish = wish_for(request.app.state.keyring, usecases.LINK, body, caller, key)
    answer = await usecases.link_identities(request.app.state.world, tx, wish)
    return created(answer, location=f"/v1/identity-links/{answer.view.id}", version=answer.view.version)


@router.get("", response_model=Page[IdentityLink])
async def list_identity_links(
    caller: CanRead,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    member: UUID | None = None,
    state: SetState | None = None,
) -> Page[IdentityLink]:
    """Link sets, newest first; `member` finds every set it was ever in."""
    chosen = repository.listing(member=member, state=state)
    return await keyset(db, chosen, (link_set.c.created_at, link_set.c.id), cursor, limit, usecases.view_of)


@router.get("/{link_id}", response_model=IdentityLink)
async def show_identity_link(link_id: UUID, caller: CanRead, db: Read) -> Response:
    """One link set as it is now."""
    view = await one(db, link_id)
    return with_etag(view, version=view.version)


@router.delete("/{link_id}", response_model=IdentityLink)
async def dissolve_identity_link(
    request: Request,
    link_id: UUID,
    caller: CanLink,
    match: IfMatch,
    tx: Tx,
    reason: Annotated[PartReason, Query(description="why they part")] = PartReason.LINKED_BY_MISTAKE,
) -> Response:
    """Let everybody in the set stand alone again; what was decided meanwhile stands and is listed for review.

    Errors: 409 the set is not active any more; 412 stale.
    """
    view = await usecases.dissolve_link(request.app.state.world, tx, link_id, reason, match, caller)
    return with_etag(view, version=view.version)


@router.post("/{link_id}/splits", status_code=201, response_model=IdentitySplit)
async def split_identity(
    request: Request,
    link_id: UUID,
    body: SplitIdentity,
    caller: CanLink,
    match: IfMatch,
    tx: Tx,
    key: IdempotencyKey = None,
) -> Response:
    """Let some leave the set, on the version named by `If-Match`; two and more of them are a set of their own.

    Errors: 409 the set is not active any more; 412 stale; 422 it would not be a split.
    """
    wish = wish_for(request.app.state.keyring, f"identity_split:{link_id}", body, caller, key)
    answer = await usecases.split_identity(request.app.state.world, tx, link_id, wish, match)
    return created(answer, location=f"/v1/identity-links/{link_id}", version=answer.view.version)


@reviews_router.get("", response_model=Page[MergeReview])
async def list_merge_reviews(
    caller: CanReadReviews,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    state: ReviewState | None = None,
    identity_link_id: UUID | None = None,
    subject: UUID | None = None,
) -> Page[MergeReview]:
    """What was decided between a link and its parting, newest first: each stands until a person says otherwise."""
    chosen = repository.review_listing(state=state, identity_link_id=identity_link_id, subject=subject)
    columns = (merge_review.c.created_at, merge_review.c.id)
    return await keyset(db, chosen, columns, cursor, limit, as_it_is(MergeReview))


@reviews_router.get("/{review_id}", response_model=MergeReview)
async def show_merge_review(review_id: UUID, caller: CanReadReviews, db: Read) -> Response:
    """One decision that is to be looked at."""
    view = await usecases.show_review(db, review_id)
    return with_etag(view, version=view.version)


@reviews_router.patch("/{review_id}", response_model=MergeReview)
async def close_merge_review(
    request: Request, review_id: UUID, body: CloseReview, caller: CanReview, match: IfMatch, tx: Tx
) -> Response:
    """Close a review with what was found. Nothing is undone by it: the place of the decision does that."""
    view = await usecases.close_review(request.app.state.world, tx, review_id, body, match, caller)
    return with_etag(view, version=view.version)


@candidates_router.get("", response_model=Page[DuplicateCandidate])
async def list_duplicate_candidates(
    caller: CanReadCandidates,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    state: CandidateState | None = None,
    band: Band | None = None,
    customer_id: UUID | None = None,
) -> Page[DuplicateCandidate]:
    """Records that may be one party, newest first, each with its score and the reasons of it; never a value."""
    chosen = repository.candidate_listing(state=state, band=band, customer_id=customer_id)
    columns = (duplicate_candidate.c.created_at, duplicate_candidate.c.id)
    return await keyset(db, chosen, columns, cursor, limit, usecases.candidate_view)


@candidates_router.get("/{candidate_id}", response_model=DuplicateCandidate)
async def show_duplicate_candidate(candidate_id: UUID, caller: CanReadCandidates, db: Read) -> Response:
    """One candidate."""
    view = await usecases.show_candidate(db, candidate_id)
    return with_etag(view, version=view.version)


@candidates_router.patch("/{candidate_id}", response_model=DuplicateCandidate)
async def decide_duplicate_candidate(
    request: Request, candidate_id: UUID, body: DecideCandidate, caller: CanDecide, match: IfMatch, tx: Tx
) -> Response:
    """Confirm (which links, on proof) or reject a candidate, on the version named by `If-Match`.

    Errors: 409 it was confirmed before, or the link is refused; 422 the evidence only hints.
    """
    view = await usecases.decide_candidate(request.app.state.world, tx, candidate_id, body, match, caller)
    return with_etag(view, version=view.version)
