"""Generated: the operations of customer, one method each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import TypeAdapter

from cxbank_client.answers import Page
from cxbank_client.customer import models
from cxbank_client.jobs import ended
from cxbank_client.transport import Rows, Transport


class Customer(Transport):
    """The customer service. Every method raises `cxbank_client.problems.Problem` for an answer that is no success."""

    async def list_access_reviews(
        self, *, limit: int | None = None, unjudged: bool | None = None, cursor: str | None = None
    ) -> Page[models.AccessReview]:
        """Broken glasses that nobody has judged yet (`unjudged=false`: all), newest first, without their notes."""
        return await self._ask(
            "GET",
            "/v1/access-reviews",
            Page[models.AccessReview],
            query={"limit": limit, "unjudged": unjudged, "cursor": cursor},
        )

    def all_access_reviews(
        self, *, limit: int | None = None, unjudged: bool | None = None
    ) -> AsyncIterator[models.AccessReview]:
        """Every item of `list_access_reviews`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_access_reviews(limit=limit, unjudged=unjudged, cursor=at), None)

    async def show_access_review(self, review_id: UUID) -> models.AccessReview:
        """One broken glass with the note of who broke it; the reading is recorded."""
        return await self._ask("GET", f"/v1/access-reviews/{review_id}", models.AccessReview)

    async def judge_access(self, review_id: UUID, body: models.JudgeAccess) -> models.AccessReview:
        """Judge it, once. Errors: 409 it was judged before, or the reviewer is who broke it."""
        return await self._ask("POST", f"/v1/access-reviews/{review_id}/verdicts", models.AccessReview, body=body)

    async def list_campaigns(
        self,
        *,
        limit: int | None = None,
        state: models.CustomerCampaignsDomainStandingState | None = None,
        cursor: str | None = None,
    ) -> Page[models.Campaign]:
        """Campaigns, newest first."""
        return await self._ask(
            "GET", "/v1/campaigns", Page[models.Campaign], query={"limit": limit, "state": state, "cursor": cursor}
        )

    def all_campaigns(
        self, *, limit: int | None = None, state: models.CustomerCampaignsDomainStandingState | None = None
    ) -> AsyncIterator[models.Campaign]:
        """Every item of `list_campaigns`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_campaigns(limit=limit, state=state, cursor=at), None)

    async def define_campaign(
        self, body: models.DefineCampaign, *, idempotency_key: str | None = None
    ) -> models.Campaign:
        """Plan a campaign as a draft; nobody is written to before it is scheduled.

        Errors: 422 no such segment or template, a text for codes, of another purpose or with other places than
        `data` fills.
        """
        return await self._ask(
            "POST",
            "/v1/campaigns",
            models.Campaign,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def show_campaign(self, campaign_id: UUID) -> models.Campaign:
        """One campaign."""
        return await self._ask("GET", f"/v1/campaigns/{campaign_id}", models.Campaign)

    async def change_campaign(
        self, campaign_id: UUID, body: models.ChangeCampaign, *, if_match: int
    ) -> models.Campaign:
        """Change a draft by RFC 7396 merge patch, schedule it, pause it, go on, or end it by `state`.

        Pausing keeps what waits from being sent; ending lets it expire. Errors: 409 no draft any more, or no
        such step from
        where it stands; 412 stale; 422 as when planning, or its end has passed; 428 without `If-Match`.
        """
        return await self._ask(
            "PATCH", f"/v1/campaigns/{campaign_id}", models.Campaign, body=body, headers={"If-Match": f'"{if_match}"'}
        )

    async def show_results(self, campaign_id: UUID) -> models.Results:
        """How it went, by variant and against those held out: everybody counts in the group they were drawn into."""
        return await self._ask("GET", f"/v1/campaigns/{campaign_id}/results", models.Results)

    async def decide_consent(self, body: models.AskDecision) -> models.ConsentDecision:
        """May this be done to this customer? Allow with a receipt or a legal basis, else deny; unknown is deny.

        The answer is recorded before it leaves. It is always 200: a denial is an answer.
        """
        return await self._ask("POST", "/v1/consent-decisions", models.ConsentDecision, body=body)

    async def show_consent_receipt(self, receipt_id: UUID) -> models.ConsentReceipt:
        """The receipt of one word in the structure of ISO/IEC TS 27560, with the text as it was shown."""
        return await self._ask("GET", f"/v1/consent-receipts/{receipt_id}", models.ConsentReceipt)

    async def import_consents(
        self, rows: Rows, *, media: str = "application/x-ndjson", pack: bool = False
    ) -> models.Job:
        """Bring many consents as NDJSON or CSV (gzip allowed), with their own times; 202 with a job once every
        byte is stored. Good rows land, bad ones are listed in the job's rejects; the same file again changes
        nothing.

        `rows` are bytes, or an async iterator of bytes that is sent as it comes (`cxbank_client.rows.ndjson`
        makes one of models); `pack` sends them as gzip. The job tells the rest.
        """
        return await self._upload("/v1/consents/imports", models.Job, rows, media=media, pack=pack)

    async def list_customers(
        self,
        *,
        limit: int | None = None,
        kind: models.CustomerPartiesDomainPartyKind | None = None,
        state: models.CustomerPartiesDomainPartyState | None = None,
        tier: models.Tier | None = None,
        region: str | None = None,
        cursor: str | None = None,
    ) -> Page[models.CustomerSummary]:
        """Parties, newest first, without anything that names them."""
        return await self._ask(
            "GET",
            "/v1/customers",
            Page[models.CustomerSummary],
            query={"limit": limit, "kind": kind, "state": state, "tier": tier, "region": region, "cursor": cursor},
        )

    def all_customers(
        self,
        *,
        limit: int | None = None,
        kind: models.CustomerPartiesDomainPartyKind | None = None,
        state: models.CustomerPartiesDomainPartyState | None = None,
        tier: models.Tier | None = None,
        region: str | None = None,
    ) -> AsyncIterator[models.CustomerSummary]:
        """Every item of `list_customers`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_customers(limit=limit, kind=kind, state=state, tier=tier, region=region, cursor=at),
            None,
        )

    async def register_customer(
        self, body: models.RegisterCustomer, *, idempotency_key: str | None = None
    ) -> models.Customer:
        """Register a party; a repeat by `external_ref` answers 200 with the party as it is now.

        Errors: 409 the identifier is another's, or the `external_ref` is known with other content; 422 no key
        of any kind.
        """
        return await self._ask(
            "POST",
            "/v1/customers",
            models.Customer,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def import_customers(
        self, rows: Rows, *, media: str = "application/x-ndjson", pack: bool = False
    ) -> models.Job:
        """Bring many customers as NDJSON or CSV (gzip allowed), with their own times; 202 with a job once every
        byte is stored. Good rows land, bad ones are listed in the job's rejects; the same file again changes
        nothing.

        `rows` are bytes, or an async iterator of bytes that is sent as it comes (`cxbank_client.rows.ndjson`
        makes one of models); `pack` sends them as gzip. The job tells the rest.
        """
        return await self._upload("/v1/customers/imports", models.Job, rows, media=media, pack=pack)

    async def look_up_customer(self, body: models.LookUp) -> models.Found:
        """Whom a contact point or an identifier belongs to; only for callers with the look-up scope."""
        return await self._ask("POST", "/v1/customers/lookups", models.Found, body=body)

    async def show_customer(
        self, customer_id: UUID, *, as_of: datetime | None = None, view: models.Shape | None = None
    ) -> models.Customer:
        """One party; with `as_of`, as it was recorded at that instant. The reading is recorded before the answer
        leaves.

        Staff see masks unless the customer opened a field for them (`…/access-grants`); `masked` and `withheld`
        say so.
        """
        return await self._ask(
            "GET", f"/v1/customers/{customer_id}", models.Customer, query={"as_of": as_of, "view": view}
        )

    async def change_customer(
        self, customer_id: UUID, body: models.ChangeCustomer, *, if_match: int
    ) -> models.Customer:
        """Change a party by RFC 7396 merge patch, on the version named by `If-Match`.

        Errors: 403 staff without the customer's authorisation for the field; 409 the life cycle does not allow
        the state;
        410 erased; 412 stale; 428 without `If-Match`.
        """
        return await self._ask(
            "PATCH", f"/v1/customers/{customer_id}", models.Customer, body=body, headers={"If-Match": f'"{if_match}"'}
        )

    async def list_access_grants(
        self, customer_id: UUID, *, limit: int | None = None, cursor: str | None = None
    ) -> Page[models.AccessGrant]:
        """Who asked to see what of a customer, and where each request stands; newest first.

        Neither this nor what acts on one tells the customer of an opening that their access log keeps quiet.
        """
        return await self._ask(
            "GET",
            f"/v1/customers/{customer_id}/access-grants",
            Page[models.AccessGrant],
            query={"limit": limit, "cursor": cursor},
        )

    def all_access_grants(self, customer_id: UUID, *, limit: int | None = None) -> AsyncIterator[models.AccessGrant]:
        """Every item of `list_access_grants`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_access_grants(customer_id, limit=limit, cursor=at), None)

    async def ask_access(
        self, customer_id: UUID, body: models.AskAccess, *, idempotency_key: str | None = None
    ) -> models.AccessGrant:
        """Ask to see (or change) fields of a customer for a purpose and a time; nothing is open until it is
        confirmed.

        Errors: 410 erased; 422 no `Idempotency-Key`; 429 too many codes for this customer within the hour.
        """
        return await self._ask(
            "POST",
            f"/v1/customers/{customer_id}/access-grants",
            models.AccessGrant,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def show_access_grant(self, customer_id: UUID, grant_id: UUID) -> models.AccessGrant:
        """One authorisation, with its state now."""
        return await self._ask("GET", f"/v1/customers/{customer_id}/access-grants/{grant_id}", models.AccessGrant)

    async def confirm_access(self, customer_id: UUID, grant_id: UUID, body: models.ConfirmAccess) -> models.AccessGrant:
        """The customer's yes: their own token, or the code they read out to whoever asked.

        Errors: 403 the code is wrong (counted); 409 confirmed, declined, expired, or locked after too many
        wrong codes.
        """
        return await self._ask(
            "POST", f"/v1/customers/{customer_id}/access-grants/{grant_id}/confirmations", models.AccessGrant, body=body
        )

    async def revoke_access(self, customer_id: UUID, grant_id: UUID) -> models.AccessGrant:
        """Decline a request, or end an authorisation now; the same again changes nothing. Errors: 409 it is over."""
        return await self._ask(
            "POST", f"/v1/customers/{customer_id}/access-grants/{grant_id}/revocations", models.AccessGrant
        )

    async def show_access_log(
        self, customer_id: UUID, *, limit: int | None = None, cursor: str | None = None
    ) -> Page[models.AccessLine]:
        """Who looked at what of a customer, when and why, out of the tamper-evident record itself; newest first.

        Under whichever id it stands that counts as the same customer now.
        """
        return await self._ask(
            "GET",
            f"/v1/customers/{customer_id}/access-log",
            Page[models.AccessLine],
            query={"limit": limit, "cursor": cursor},
        )

    def all_show_access_log(self, customer_id: UUID, *, limit: int | None = None) -> AsyncIterator[models.AccessLine]:
        """Every item of `show_access_log`, page by page, as they are needed."""
        return self._pages(lambda at: self.show_access_log(customer_id, limit=limit, cursor=at), None)

    async def add_address(self, customer_id: UUID, body: models.NewAddress) -> models.Address:
        """An address; one that reads the same answers 200."""
        return await self._ask("POST", f"/v1/customers/{customer_id}/addresses", models.Address, body=body)

    async def change_address(
        self, customer_id: UUID, part_id: UUID, body: models.ChangeAddress, *, if_match: int
    ) -> models.Address:
        """Change an address by merge patch, on its own version; the party has a new version too."""
        return await self._ask(
            "PATCH",
            f"/v1/customers/{customer_id}/addresses/{part_id}",
            models.Address,
            body=body,
            headers={"If-Match": f'"{if_match}"'},
        )

    async def remove_address(self, customer_id: UUID, part_id: UUID, *, if_match: int) -> None:
        """Take an address away, on its own version; the history keeps it."""
        await self._ask(
            "DELETE",
            f"/v1/customers/{customer_id}/addresses/{part_id}",
            TypeAdapter(None),
            headers={"If-Match": f'"{if_match}"'},
        )

    async def break_glass(
        self, customer_id: UUID, body: models.BreakGlass, *, idempotency_key: str | None = None
    ) -> models.AccessGrant:
        """Open fields at once without the customer: needs the role `break_glass`, is said aloud, and is reviewed."""
        return await self._ask(
            "POST",
            f"/v1/customers/{customer_id}/break-glass",
            models.AccessGrant,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def show_consents(
        self, customer_id: UUID, *, as_of: datetime | None = None, valid_at: datetime | None = None
    ) -> models.Consents:
        """What each purpose allows, channel by channel; `as_of` as recorded then, `valid_at` as true then."""
        return await self._ask(
            "GET",
            f"/v1/customers/{customer_id}/consents",
            models.Consents,
            query={"as_of": as_of, "valid_at": valid_at},
        )

    async def record_consent(
        self, customer_id: UUID, body: models.GiveConsent, *, idempotency_key: str | None = None
    ) -> models.ConsentRecord:
        """Grant, refuse or withdraw: one call each. A customer for themself; staff and back ends on their behalf.

        Errors: 409 the purpose rests on another basis; 410 erased; 422 what is not in the version shown.
        """
        return await self._ask(
            "POST",
            f"/v1/customers/{customer_id}/consents",
            models.ConsentRecord,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def list_consent_history(
        self, customer_id: UUID, *, limit: int | None = None, cursor: str | None = None
    ) -> Page[models.ConsentRecord]:
        """Every word in the ledger, newest recorded first, with how and where it was given."""
        return await self._ask(
            "GET",
            f"/v1/customers/{customer_id}/consents/history",
            Page[models.ConsentRecord],
            query={"limit": limit, "cursor": cursor},
        )

    def all_consent_history(
        self, customer_id: UUID, *, limit: int | None = None
    ) -> AsyncIterator[models.ConsentRecord]:
        """Every item of `list_consent_history`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_consent_history(customer_id, limit=limit, cursor=at), None)

    async def add_contact_point(self, customer_id: UUID, body: models.NewContactPoint) -> models.ContactPoint:
        """Reached how: a repeat of kind and value answers 200 with it as it is."""
        return await self._ask("POST", f"/v1/customers/{customer_id}/contact-points", models.ContactPoint, body=body)

    async def change_contact_point(
        self, customer_id: UUID, part_id: UUID, body: models.ChangeContactPoint, *, if_match: int
    ) -> models.ContactPoint:
        """Change a contact point by merge patch, on its own version; the party has a new version too."""
        return await self._ask(
            "PATCH",
            f"/v1/customers/{customer_id}/contact-points/{part_id}",
            models.ContactPoint,
            body=body,
            headers={"If-Match": f'"{if_match}"'},
        )

    async def remove_contact_point(self, customer_id: UUID, part_id: UUID, *, if_match: int) -> None:
        """Take a contact point away, on its own version; the history keeps it."""
        await self._ask(
            "DELETE",
            f"/v1/customers/{customer_id}/contact-points/{part_id}",
            TypeAdapter(None),
            headers={"If-Match": f'"{if_match}"'},
        )

    async def show_erasure(self, customer_id: UUID) -> models.Erasure:
        """The erasure of a customer: which services have confirmed or kept, and whether it is complete."""
        return await self._ask("GET", f"/v1/customers/{customer_id}/erasures", models.Erasure)

    async def request_erasure(self, customer_id: UUID, body: models.RequestErasure) -> models.Erasure:
        """Forget one record of a customer in all five services; a repeat answers 200 with the erasure as it is
        now.

        An id nobody has heard of yet is accepted: it becomes a tombstone, so that nothing late brings the
        person back.
        A privacy request of kind `erasure` forgets every record linked as the person. Errors: 409 a duty or an
        order keeps
        something of the person; such a request does the rest and says what stays.
        """
        return await self._ask("POST", f"/v1/customers/{customer_id}/erasures", models.Erasure, body=body)

    async def show_history(self, customer_id: UUID) -> list[models.PastVersion]:
        """Every version of a party, newest first: what was recorded, when, by whom, until when."""
        return await self._ask("GET", f"/v1/customers/{customer_id}/history", list[models.PastVersion])

    async def add_identifier(self, customer_id: UUID, body: models.NewIdentifier) -> models.Identifier:
        """A number somebody issued; one that is another party's is 409."""
        return await self._ask("POST", f"/v1/customers/{customer_id}/identifiers", models.Identifier, body=body)

    async def change_identifier(
        self, customer_id: UUID, part_id: UUID, body: models.ChangeIdentifier, *, if_match: int
    ) -> models.Identifier:
        """Change an identifier by merge patch, on its own version; the party has a new version too."""
        return await self._ask(
            "PATCH",
            f"/v1/customers/{customer_id}/identifiers/{part_id}",
            models.Identifier,
            body=body,
            headers={"If-Match": f'"{if_match}"'},
        )

    async def remove_identifier(self, customer_id: UUID, part_id: UUID, *, if_match: int) -> None:
        """Take an identifier away, on its own version; the history keeps it."""
        await self._ask(
            "DELETE",
            f"/v1/customers/{customer_id}/identifiers/{part_id}",
            TypeAdapter(None),
            headers={"If-Match": f'"{if_match}"'},
        )

    async def show_name(self, customer_id: UUID, *, language: str | None = None) -> models.RenderedName:
        """The name as a language writes it: characters in Chinese, elsewhere the Latin form in the person's own
        order.
        """
        return await self._ask(
            "GET", f"/v1/customers/{customer_id}/name", models.RenderedName, query={"language": language}
        )

    async def show_next_best(
        self, customer_id: UUID, *, channel: models.CustomerOffersDomainServicesChannel, limit: int | None = None
    ) -> models.NextBest:
        """The next best services of a customer on a channel, best first, and why every other entry is not among
        them.

        The decision is kept under `id`, with the receipts it rests on; asking is recorded before the answer
        leaves. Who is in
        the control group is sold nothing here. Customers see what is offered to them, not how it came about.

        Errors: 404 unknown; 410 erased.
        """
        return await self._ask(
            "GET",
            f"/v1/customers/{customer_id}/next-best-services",
            models.NextBest,
            query={"channel": channel, "limit": limit},
        )

    async def say_outcome(
        self, customer_id: UUID, body: models.SayOutcome, *, idempotency_key: str | None = None
    ) -> models.OfferOutcome:
        """Say what became of an offer: shown, ignored, declined, accepted; the higher word stands, in whatever
        order they come.

        Without `decision_id` the service was taken without having been offered: it counts for the comparison
        with the control
        group, not for how likely an offer is taken.

        Errors: 404 no such decision about this customer; 409 the `external_ref` is known with other content;
        410 erased; 422 the
        decision did not offer it, a time more than two minutes ahead, no key of any kind.
        """
        return await self._ask(
            "POST",
            f"/v1/customers/{customer_id}/offer-outcomes",
            models.OfferOutcome,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def show_profile(
        self,
        customer_id: UUID,
        *,
        features: list[str] | None = None,
        as_of: datetime | None = None,
        valid_at: datetime | None = None,
        use: str | None = None,
    ) -> models.Profile:
        """A customer at one instant: facts, features with how long they hold, party, consents and what else is
        known.

        `as_of`: from what had been recorded by then; `valid_at`: the features of that instant (without it, of
        `as_of`).
        With either there are no sections. `use`: for what it is read (`servicing`, `marketing`, `improvement`,
        `fraud_prevention`, …); what that may not see is left out, and `grounds` say on what the rest rests. The
        reading is
        recorded before the answer leaves.

        Errors: 404 nothing is known of that id; 410 erased; 422 an unknown feature or use.
        """
        return await self._ask(
            "GET",
            f"/v1/customers/{customer_id}/profile",
            models.Profile,
            query={"features": features, "as_of": as_of, "valid_at": valid_at, "use": use},
        )

    async def show_provenance(self, customer_id: UUID) -> list[models.FieldProvenance]:
        """Of every fact that is known: who claims what, since when and how surely, and which claim holds. Not a
        customer's.
        """
        return await self._ask("GET", f"/v1/customers/{customer_id}/provenance", list[models.FieldProvenance])

    async def list_relationships(
        self,
        customer_id: UUID,
        *,
        limit: int | None = None,
        kind: models.RelationshipKind | None = None,
        as_of: datetime | None = None,
        cursor: str | None = None,
    ) -> Page[models.Relationship]:
        """How a party belongs with others, from either end, newest first; with `as_of`, as it was recorded then."""
        return await self._ask(
            "GET",
            f"/v1/customers/{customer_id}/relationships",
            Page[models.Relationship],
            query={"limit": limit, "kind": kind, "as_of": as_of, "cursor": cursor},
        )

    def all_relationships(
        self,
        customer_id: UUID,
        *,
        limit: int | None = None,
        kind: models.RelationshipKind | None = None,
        as_of: datetime | None = None,
    ) -> AsyncIterator[models.Relationship]:
        """Every item of `list_relationships`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_relationships(customer_id, limit=limit, kind=kind, as_of=as_of, cursor=at), None
        )

    async def relate_customers(
        self, customer_id: UUID, body: models.Relate, *, idempotency_key: str | None = None
    ) -> models.Relationship:
        """The customer is to `other_id` what the kind says.

        Errors: 404, 410 one of them is unknown or erased; 409 it would close a circle, nest a household or own
        more than the
        whole; 422 the kinds of party do not fit.
        """
        return await self._ask(
            "POST",
            f"/v1/customers/{customer_id}/relationships",
            models.Relationship,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def end_relationship(self, customer_id: UUID, relationship_id: UUID, *, if_match: int) -> None:
        """End it, on the version named by `If-Match`; the records keep that it was."""
        await self._ask(
            "DELETE",
            f"/v1/customers/{customer_id}/relationships/{relationship_id}",
            TypeAdapter(None),
            headers={"If-Match": f'"{if_match}"'},
        )

    async def show_routing_profile(self, customer_id: UUID) -> models.RoutingProfile:
        """The card of a party, whichever of its records is asked for; the reading is recorded before the answer
        leaves.

        Needs, alerts, restrictions, the risk level and why a channel is barred need `customer.routing-
        details:read` besides.
        The ETag is the card's version: the one `routing_profile_changed` tells.

        Errors: 404 unknown, or another customer's; 410 erased.
        """
        return await self._ask("GET", f"/v1/customers/{customer_id}/routing-profile", models.RoutingProfile)

    async def note_routing_profile(
        self, customer_id: UUID, body: models.NoteRoutingProfile, *, if_match: int
    ) -> models.RoutingProfile:
        """Note the bank's own rating and alerts by RFC 7396 merge patch, on the version named by `If-Match`.

        The rest of a card follows from what is recorded elsewhere. Errors: 404; 410 erased; 412 stale; 428
        without `If-Match`.
        """
        return await self._ask(
            "PATCH",
            f"/v1/customers/{customer_id}/routing-profile",
            models.RoutingProfile,
            body=body,
            headers={"If-Match": f'"{if_match}"'},
        )

    async def show_memberships(
        self, customer_id: UUID, *, explain: bool | None = None, as_of: datetime | None = None
    ) -> models.Memberships:
        """A customer's segments; `as_of` as recorded then; `explain` tells of every segment which condition, which
        value.

        Of themself a customer reads neither reasons nor the segments that rank them or would tip them off.
        """
        return await self._ask(
            "GET",
            f"/v1/customers/{customer_id}/segments",
            models.Memberships,
            query={"explain": explain, "as_of": as_of},
        )

    async def list_assessments(self, customer_id: UUID) -> list[models.Assessment]:
        """Every assessment of a person, latest first: a handful, so that they come whole. The reading is recorded."""
        return await self._ask("GET", f"/v1/customers/{customer_id}/suitability-assessments", list[models.Assessment])

    async def assess_suitability(
        self, customer_id: UUID, body: models.AssessSuitability, *, idempotency_key: str | None = None
    ) -> models.Assessment:
        """Record what was found of a customer: the risk they can bear, what makes them vulnerable. The latest word
        holds.

        Errors: 404 unknown; 409 the `external_ref` is known with other content; 410 erased; 422 a time ahead,
        no key of any kind.
        """
        return await self._ask(
            "POST",
            f"/v1/customers/{customer_id}/suitability-assessments",
            models.Assessment,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def show_timeline(
        self,
        customer_id: UUID,
        *,
        limit: int | None = None,
        kinds: list[models.CustomerInteractionsDomainFactsKind] | None = None,
        as_of: datetime | None = None,
        cursor: str | None = None,
    ) -> Page[models.Interaction]:
        """What a customer did, newest first, with everybody who counts as the same party; `as_of`: as recorded
        then.

        A customer sees their own, without screenings. Errors: 404 nothing is known of that id; 410 erased.
        """
        return await self._ask(
            "GET",
            f"/v1/customers/{customer_id}/timeline",
            Page[models.Interaction],
            query={"limit": limit, "kinds": kinds, "as_of": as_of, "cursor": cursor},
        )

    def all_show_timeline(
        self,
        customer_id: UUID,
        *,
        limit: int | None = None,
        kinds: list[models.CustomerInteractionsDomainFactsKind] | None = None,
        as_of: datetime | None = None,
    ) -> AsyncIterator[models.Interaction]:
        """Every item of `show_timeline`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.show_timeline(customer_id, limit=limit, kinds=kinds, as_of=as_of, cursor=at), None
        )

    async def list_duplicate_candidates(
        self,
        *,
        limit: int | None = None,
        state: models.CandidateState | None = None,
        band: models.Band | None = None,
        customer_id: UUID | None = None,
        cursor: str | None = None,
    ) -> Page[models.DuplicateCandidate]:
        """Records that may be one party, newest first, each with its score and the reasons of it; never a value."""
        return await self._ask(
            "GET",
            "/v1/duplicate-candidates",
            Page[models.DuplicateCandidate],
            query={"limit": limit, "state": state, "band": band, "customer_id": customer_id, "cursor": cursor},
        )

    def all_duplicate_candidates(
        self,
        *,
        limit: int | None = None,
        state: models.CandidateState | None = None,
        band: models.Band | None = None,
        customer_id: UUID | None = None,
    ) -> AsyncIterator[models.DuplicateCandidate]:
        """Every item of `list_duplicate_candidates`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_duplicate_candidates(
                limit=limit, state=state, band=band, customer_id=customer_id, cursor=at
            ),
            None,
        )

    async def show_duplicate_candidate(self, candidate_id: UUID) -> models.DuplicateCandidate:
        """One candidate."""
        return await self._ask("GET", f"/v1/duplicate-candidates/{candidate_id}", models.DuplicateCandidate)

    async def decide_duplicate_candidate(
        self, candidate_id: UUID, body: models.DecideCandidate, *, if_match: int
    ) -> models.DuplicateCandidate:
        """Confirm (which links, on proof) or reject a candidate, on the version named by `If-Match`.

        Errors: 409 it was confirmed before, or the link is refused; 422 the evidence only hints.
        """
        return await self._ask(
            "PATCH",
            f"/v1/duplicate-candidates/{candidate_id}",
            models.DuplicateCandidate,
            body=body,
            headers={"If-Match": f'"{if_match}"'},
        )

    async def list_features(self) -> list[models.FeatureShape]:
        """What features there are, with their meaning in English and Chinese. Windowed ones take any number of
        days.
        """
        return await self._ask("GET", "/v1/feature-definitions", list[models.FeatureShape])

    async def list_identity_links(
        self,
        *,
        limit: int | None = None,
        member: UUID | None = None,
        state: models.SetState | None = None,
        cursor: str | None = None,
    ) -> Page[models.IdentityLink]:
        """Link sets, newest first; `member` finds every set it was ever in."""
        return await self._ask(
            "GET",
            "/v1/identity-links",
            Page[models.IdentityLink],
            query={"limit": limit, "member": member, "state": state, "cursor": cursor},
        )

    def all_identity_links(
        self, *, limit: int | None = None, member: UUID | None = None, state: models.SetState | None = None
    ) -> AsyncIterator[models.IdentityLink]:
        """Every item of `list_identity_links`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_identity_links(limit=limit, member=member, state=state, cursor=at), None
        )

    async def link_identities(
        self, body: models.LinkIdentities, *, idempotency_key: str | None = None
    ) -> models.IdentityLink:
        """Let records count as one party, going by the leader; every set one of them was in is absorbed.

        Errors: 404, 410 a member is unknown or erased; 409 linked already, different kinds, too many records;
        422 the
        evidence only hints; 429 linked too often.
        """
        return await self._ask(
            "POST",
            "/v1/identity-links",
            models.IdentityLink,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def show_identity_link(self, link_id: UUID) -> models.IdentityLink:
        """One link set as it is now."""
        return await self._ask("GET", f"/v1/identity-links/{link_id}", models.IdentityLink)

    async def dissolve_identity_link(
        self, link_id: UUID, *, if_match: int, reason: models.PartReason | None = None
    ) -> models.IdentityLink:
        """Let everybody in the set stand alone again; what was decided meanwhile stands and is listed for review.

        Errors: 409 the set is not active any more; 412 stale.
        """
        return await self._ask(
            "DELETE",
            f"/v1/identity-links/{link_id}",
            models.IdentityLink,
            query={"reason": reason},
            headers={"If-Match": f'"{if_match}"'},
        )

    async def split_identity(
        self, link_id: UUID, body: models.SplitIdentity, *, if_match: int, idempotency_key: str | None = None
    ) -> models.IdentitySplit:
        """Let some leave the set, on the version named by `If-Match`; two and more of them are a set of their own.

        Errors: 409 the set is not active any more; 412 stale; 422 it would not be a split.
        """
        return await self._ask(
            "POST",
            f"/v1/identity-links/{link_id}/splits",
            models.IdentitySplit,
            body=body,
            headers={"Idempotency-Key": idempotency_key, "If-Match": f'"{if_match}"'},
            keyed=True,
        )

    async def show_data_quality(self) -> models.DataQuality:
        """How complete, valid, fresh and unique what is recorded of customers is, by field and source; nobody is
        told of.

        Every record is opened and judged once a day, and only counts are kept: those of a few people are
        hidden.
        """
        return await self._ask("GET", "/v1/insights/data-quality", models.DataQuality)

    async def show_forecasts(self) -> models.Forecasts:
        """Contacts of the next fourteen days, in all and by channel, each with how such forecasts would have done."""
        return await self._ask("GET", "/v1/insights/forecasts", models.Forecasts)

    async def show_channel_mix(self) -> models.ChannelMix:
        """Shares of the channels in this month and the next two, with how such forecasts did beside "as a year
        ago".
        """
        return await self._ask("GET", "/v1/insights/forecasts/channel-mix", models.ChannelMix)

    async def show_habits(self, *, measure: models.Measure, by: models.By) -> models.HabitTable:
        """How many customers did what, by a word of theirs or by segment: mix and shift of channels, demand,
        saving, churn, needs.

        Counted four times a day over everybody, or a random sample of `CXBANK_INSIGHT_SAMPLE`; of nobody what
        they do is kept.
        Small counts are hidden. Errors: 409 the table cannot be shown without telling of a few.
        """
        return await self._ask("GET", "/v1/insights/habits", models.HabitTable, query={"measure": measure, "by": by})

    async def show_table(self, *, rows: models.DimensionInput, columns: models.DimensionInput) -> models.CrossTable:
        """How many customers there are by two words of theirs, counts of a few hidden.

        Errors: 409 the table cannot be shown without telling of a few; 422 the same word twice.
        """
        return await self._ask(
            "GET", "/v1/insights/tables", models.CrossTable, query={"rows": rows, "columns": columns}
        )

    async def record_interaction(
        self, body: models.RecordInteraction, *, idempotency_key: str | None = None
    ) -> models.Interaction:
        """Record one thing that happened; a repeat by `event_id` answers 200. A customer not heard of yet is no
        error.

        Errors: 409 the `event_id` is known with other content; 410 the customer was erased; 422 a time more
        than two minutes
        ahead, an unknown currency.
        """
        return await self._ask(
            "POST",
            "/v1/interactions",
            models.Interaction,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def import_interactions(
        self, rows: Rows, *, media: str = "application/x-ndjson", pack: bool = False
    ) -> models.Job:
        """Bring many interactions as NDJSON or CSV (gzip allowed), with their own times; 202 with a job once every
        byte is stored. Good rows land, bad ones are listed in the job's rejects; the same file again changes
        nothing.

        `rows` are bytes, or an async iterator of bytes that is sent as it comes (`cxbank_client.rows.ndjson`
        makes one of models); `pack` sends them as gzip. The job tells the rest.
        """
        return await self._upload("/v1/interactions/imports", models.Job, rows, media=media, pack=pack)

    async def show_interaction(self, interaction_id: UUID) -> models.Interaction:
        """One interaction; the reading is recorded before the answer leaves. A customer sees their own, without
        screenings.
        """
        return await self._ask("GET", f"/v1/interactions/{interaction_id}", models.Interaction)

    async def show_job(self, job_id: UUID) -> models.Job:
        """How far a job has come."""
        return await self._ask("GET", f"/v1/jobs/{job_id}", models.Job)

    def list_rejects(self, job_id: UUID) -> AsyncIterator[str]:
        """The rows that did not land, one JSON object a line: line, code, pointer; never the value."""
        return self._lines(f"/v1/jobs/{job_id}/rejects")

    async def list_legal_holds(
        self, *, limit: int | None = None, customer_id: UUID | None = None, cursor: str | None = None
    ) -> Page[models.LegalHold]:
        """Holds, newest first."""
        return await self._ask(
            "GET",
            "/v1/legal-holds",
            Page[models.LegalHold],
            query={"limit": limit, "customer_id": customer_id, "cursor": cursor},
        )

    def all_legal_holds(
        self, *, limit: int | None = None, customer_id: UUID | None = None
    ) -> AsyncIterator[models.LegalHold]:
        """Every item of `list_legal_holds`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_legal_holds(limit=limit, customer_id=customer_id, cursor=at), None)

    async def set_legal_hold(self, body: models.SetHold, *, idempotency_key: str | None = None) -> models.LegalHold:
        """Keep everything of a customer until it is lifted. Errors: 404 no such customer; 410 erased."""
        return await self._ask(
            "POST",
            "/v1/legal-holds",
            models.LegalHold,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def lift_legal_hold(self, hold_id: UUID, *, if_match: int) -> models.LegalHold:
        """End a hold: what it kept from being erased goes on by itself."""
        return await self._ask(
            "DELETE", f"/v1/legal-holds/{hold_id}", models.LegalHold, headers={"If-Match": f'"{if_match}"'}
        )

    async def list_signals(
        self,
        *,
        limit: int | None = None,
        topic: models.Topic | None = None,
        competitor: str | None = None,
        region: str | None = None,
        from_: date | None = None,
        to: date | None = None,
        cursor: str | None = None,
    ) -> Page[models.MarketSignal]:
        """Market signals, the newest recorded first; `from` and `to` are days of observation, half-open."""
        return await self._ask(
            "GET",
            "/v1/market-signals",
            Page[models.MarketSignal],
            query={
                "limit": limit,
                "topic": topic,
                "competitor": competitor,
                "region": region,
                "from": from_,
                "to": to,
                "cursor": cursor,
            },
        )

    def all_signals(
        self,
        *,
        limit: int | None = None,
        topic: models.Topic | None = None,
        competitor: str | None = None,
        region: str | None = None,
        from_: date | None = None,
        to: date | None = None,
    ) -> AsyncIterator[models.MarketSignal]:
        """Every item of `list_signals`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_signals(
                limit=limit, topic=topic, competitor=competitor, region=region, from_=from_, to=to, cursor=at
            ),
            None,
        )

    async def observe_market(
        self, body: models.ObserveMarket, *, idempotency_key: str | None = None
    ) -> models.MarketSignal:
        """Record what was seen of the market on a day; a repeat by `external_ref` answers 200 with what is
        recorded.

        Errors: 409 the `external_ref` is known with other content; 422 no key of any kind, a day to come, a
        value without unit.
        """
        return await self._ask(
            "POST",
            "/v1/market-signals",
            models.MarketSignal,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def show_signal(self, signal_id: UUID) -> models.MarketSignal:
        """One market signal."""
        return await self._ask("GET", f"/v1/market-signals/{signal_id}", models.MarketSignal)

    async def list_merge_reviews(
        self,
        *,
        limit: int | None = None,
        state: models.ReviewState | None = None,
        identity_link_id: UUID | None = None,
        subject: UUID | None = None,
        cursor: str | None = None,
    ) -> Page[models.MergeReview]:
        """What was decided between a link and its parting, newest first: each stands until a person says
        otherwise.
        """
        return await self._ask(
            "GET",
            "/v1/merge-reviews",
            Page[models.MergeReview],
            query={
                "limit": limit,
                "state": state,
                "identity_link_id": identity_link_id,
                "subject": subject,
                "cursor": cursor,
            },
        )

    def all_merge_reviews(
        self,
        *,
        limit: int | None = None,
        state: models.ReviewState | None = None,
        identity_link_id: UUID | None = None,
        subject: UUID | None = None,
    ) -> AsyncIterator[models.MergeReview]:
        """Every item of `list_merge_reviews`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_merge_reviews(
                limit=limit, state=state, identity_link_id=identity_link_id, subject=subject, cursor=at
            ),
            None,
        )

    async def show_merge_review(self, review_id: UUID) -> models.MergeReview:
        """One decision that is to be looked at."""
        return await self._ask("GET", f"/v1/merge-reviews/{review_id}", models.MergeReview)

    async def close_merge_review(
        self, review_id: UUID, body: models.CloseReview, *, if_match: int
    ) -> models.MergeReview:
        """Close a review with what was found. Nothing is undone by it: the place of the decision does that."""
        return await self._ask(
            "PATCH",
            f"/v1/merge-reviews/{review_id}",
            models.MergeReview,
            body=body,
            headers={"If-Match": f'"{if_match}"'},
        )

    async def list_templates(self, *, limit: int | None = None, cursor: str | None = None) -> Page[models.Template]:
        """All versions of all templates, newest first."""
        return await self._ask(
            "GET", "/v1/message-templates", Page[models.Template], query={"limit": limit, "cursor": cursor}
        )

    def all_templates(self, *, limit: int | None = None) -> AsyncIterator[models.Template]:
        """Every item of `list_templates`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_templates(limit=limit, cursor=at), None)

    async def write_template(
        self, body: models.WriteTemplate, *, idempotency_key: str | None = None
    ) -> models.Template:
        """Write the next version of a template, in all three languages; messages accepted before keep theirs.

        Errors: 409 the template has another category; 422 a text does not parse or fills other places than the
        others.
        """
        return await self._ask(
            "POST",
            "/v1/message-templates",
            models.Template,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def show_template(self, template_key: str) -> list[models.Template]:
        """All versions of one template, newest first."""
        return await self._ask("GET", f"/v1/message-templates/{template_key}", list[models.Template])

    async def list_messages(
        self,
        *,
        limit: int | None = None,
        customer_id: UUID | None = None,
        state: models.CustomerOutreachDomainMessagesState | None = None,
        campaign_id: UUID | None = None,
        cursor: str | None = None,
    ) -> Page[models.Message]:
        """Messages, newest first, without their texts; a customer's token lists its own."""
        return await self._ask(
            "GET",
            "/v1/messages",
            Page[models.Message],
            query={
                "limit": limit,
                "customer_id": customer_id,
                "state": state,
                "campaign_id": campaign_id,
                "cursor": cursor,
            },
        )

    def all_messages(
        self,
        *,
        limit: int | None = None,
        customer_id: UUID | None = None,
        state: models.CustomerOutreachDomainMessagesState | None = None,
        campaign_id: UUID | None = None,
    ) -> AsyncIterator[models.Message]:
        """Every item of `list_messages`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_messages(
                limit=limit, customer_id=customer_id, state=state, campaign_id=campaign_id, cursor=at
            ),
            None,
        )

    async def submit_message(self, body: models.SubmitMessage, *, idempotency_key: str | None = None) -> models.Message:
        """Have a customer told something: accepted here, sent when consent, policy and a channel allow it, else
        suppressed.

        Errors: 404 no such customer; 410 erased; 422 no such template, another purpose than its own, places
        missing.
        """
        return await self._ask(
            "POST", "/v1/messages", models.Message, body=body, headers={"Idempotency-Key": idempotency_key}, keyed=True
        )

    async def show_message(self, message_id: UUID) -> models.Message:
        """One message: how far it has come, through what, and on which consent or legal basis it rests."""
        return await self._ask("GET", f"/v1/messages/{message_id}", models.Message)

    async def report_receipt(self, message_id: UUID, body: models.ReportReceipt) -> models.Message:
        """What a gateway learned later. A repeat, or less than is known already, changes nothing.

        Errors: 409 the message did not go through that channel.
        """
        return await self._ask("POST", f"/v1/messages/{message_id}/receipts", models.Message, body=body)

    async def show_decision(self, decision_id: UUID) -> models.NextBest:
        """A decision as it was made, with every reason, score and receipt; the reading is recorded.

        Errors: 404 unknown; 410 the customer was erased.
        """
        return await self._ask("GET", f"/v1/offer-decisions/{decision_id}", models.NextBest)

    async def list_privacy_requests(
        self,
        *,
        limit: int | None = None,
        customer_id: UUID | None = None,
        kind: models.RequestKind | None = None,
        state: models.RequestState | None = None,
        cursor: str | None = None,
    ) -> Page[models.PrivacyRequest]:
        """Requests, newest first, each with its deadline as it is now; a customer's token lists its own."""
        return await self._ask(
            "GET",
            "/v1/privacy-requests",
            Page[models.PrivacyRequest],
            query={"limit": limit, "customer_id": customer_id, "kind": kind, "state": state, "cursor": cursor},
        )

    def all_privacy_requests(
        self,
        *,
        limit: int | None = None,
        customer_id: UUID | None = None,
        kind: models.RequestKind | None = None,
        state: models.RequestState | None = None,
    ) -> AsyncIterator[models.PrivacyRequest]:
        """Every item of `list_privacy_requests`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_privacy_requests(
                limit=limit, customer_id=customer_id, kind=kind, state=state, cursor=at
            ),
            None,
        )

    async def submit_privacy_request(
        self, body: models.SubmitRequest, *, idempotency_key: str | None = None
    ) -> models.PrivacyRequest:
        """A person uses a right: its clock runs, and it is carried out at once where it is sure who asks.

        Errors: 404 no such customer, or another; 410 erased; 422 no regime of that name has a clock for
        requests.
        """
        return await self._ask(
            "POST",
            "/v1/privacy-requests",
            models.PrivacyRequest,
            body=body,
            headers={"Idempotency-Key": idempotency_key},
            keyed=True,
        )

    async def show_privacy_request(self, request_id: UUID) -> models.PrivacyRequest:
        """One request: how far it has come, by when it must be answered, and what is refused by which rule."""
        return await self._ask("GET", f"/v1/privacy-requests/{request_id}", models.PrivacyRequest)

    def fetch_privacy_bundle(self, request_id: UUID) -> AsyncIterator[str]:
        """Everything all five services hold of the person, one `{service, section, record}` a line.

        Errors: 409 a service has not answered yet; 410 erased since; 503 a service cannot hand over now.
        """
        return self._lines(f"/v1/privacy-requests/{request_id}/bundle")

    async def show_erasure_certificate(self, request_id: UUID) -> models.Certificate:
        """What an erasure removed in each of the five services, what stays by which rule and until when.

        Errors: 404 the request is no erasure; 409 not every service has answered yet.
        """
        return await self._ask("GET", f"/v1/privacy-requests/{request_id}/certificate", models.Certificate)

    async def show_privacy_clocks(self, request_id: UUID) -> models.Clocks:
        """The statutory clock with the arithmetic a person can follow, its source and how sure it is."""
        return await self._ask("GET", f"/v1/privacy-requests/{request_id}/clocks", models.Clocks)

    async def decide_privacy_request(self, request_id: UUID, body: models.DecideRequest) -> models.PrivacyRequest:
        """A person's answer: a rectification is done, or a request is refused by a rule that is named.

        Errors: 409 it is answered already, or the service carries it out by itself.
        """
        return await self._ask("POST", f"/v1/privacy-requests/{request_id}/decisions", models.PrivacyRequest, body=body)

    async def show_privacy_details(self, request_id: UUID) -> models.RequestDetails:
        """What the person wrote, such as what is to be put right, for who answers it; recorded. Errors: 410
        erased.
        """
        return await self._ask("GET", f"/v1/privacy-requests/{request_id}/details", models.RequestDetails)

    async def extend_privacy_request(self, request_id: UUID, body: models.ExtendRequest) -> models.PrivacyRequest:
        """Grant an extension the regime knows. Errors: 409 the period has ended; 422 no such extension."""
        return await self._ask(
            "POST", f"/v1/privacy-requests/{request_id}/extensions", models.PrivacyRequest, body=body
        )

    async def check_requester(self, request_id: UUID, body: models.CheckIdentity) -> models.PrivacyRequest:
        """It is sure now who asked: the clock goes on, and the request is carried out.

        Errors: 409 it was sure already, or the request is answered.
        """
        return await self._ask(
            "POST", f"/v1/privacy-requests/{request_id}/identity-checks", models.PrivacyRequest, body=body
        )

    async def list_purposes(self) -> list[models.PurposeView]:
        """All purposes in their newest version: the catalogue is a handful, so that it comes whole."""
        return await self._ask("GET", "/v1/purposes", list[models.PurposeView])

    async def define_purpose(self, body: models.DefinePurpose) -> models.PurposeView:
        """Define a purpose; its code is its key. Errors: 409 the code is known with other content."""
        return await self._ask("POST", "/v1/purposes", models.PurposeView, body=body)

    async def show_purpose(self, code: str, *, version: int | None = None) -> models.PurposeView:
        """One purpose, in its newest version or in the one named: the text as it was shown."""
        return await self._ask("GET", f"/v1/purposes/{code}", models.PurposeView, query={"version": version})

    async def change_purpose(self, code: str, body: models.ChangePurpose, *, if_match: int) -> models.PurposeView:
        """Make the next version by RFC 7396 merge patch; who consented before is asked again unless it is
        `equivalent`.

        Errors: 412 stale; 422 no legal basis left, or a version that would begin in the past; 428 without `If-
        Match`.
        """
        return await self._ask(
            "PATCH", f"/v1/purposes/{code}", models.PurposeView, body=body, headers={"If-Match": f'"{if_match}"'}
        )

    async def list_segments(
        self, *, limit: int | None = None, state: Literal["active", "archived"] | None = None, cursor: str | None = None
    ) -> Page[models.Segment]:
        """Segments, newest first."""
        return await self._ask(
            "GET", "/v1/segments", Page[models.Segment], query={"limit": limit, "state": state, "cursor": cursor}
        )

    def all_segments(
        self, *, limit: int | None = None, state: Literal["active", "archived"] | None = None
    ) -> AsyncIterator[models.Segment]:
        """Every item of `list_segments`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_segments(limit=limit, state=state, cursor=at), None)

    async def define_segment(self, body: models.DefineSegment) -> models.Segment:
        """Define a segment; its `key` is its key: a repeat answers 200. Everybody is judged by it from this
        instant on.

        Errors: 409 the key is known with other content; 422 the rule does not parse or type-check, costs too
        much, asks
        about a segment that is not there or about itself: `errors` say which, with line and column.
        """
        return await self._ask("POST", "/v1/segments", models.Segment, body=body)

    async def list_cuts(self) -> list[models.CutVersion]:
        """Every version of cut points and clusters: a handful, so that they come whole."""
        return await self._ask("GET", "/v1/segments/cuts", list[models.CutVersion])

    async def freeze_cuts(self, body: models.FreezeCuts) -> models.CutVersion:
        """Freeze the fifths of RFM, or the clusters found now; a repeat for the same instant answers 200 with what
        was found.

        Errors: 422 `valid_from` lies in the past, or there are too few customers, or they do not differ.
        """
        return await self._ask("POST", "/v1/segments/cuts", models.CutVersion, body=body)

    async def adopt_presets(self) -> list[models.Segment]:
        """Define the segments that come with the service; those already there stay as they are. The ones made now."""
        return await self._ask("POST", "/v1/segments/presets", list[models.Segment])

    async def preview_segment(self, body: models.Preview) -> models.Previewed:
        """How many a rule would have now, and some of them, before it is saved. Errors: 422 as when saving it."""
        return await self._ask("POST", "/v1/segments/previews", models.Previewed, body=body)

    async def show_segment(self, segment_id: UUID) -> models.SegmentDetail:
        """One segment with its size, and up to which instant that is told."""
        return await self._ask("GET", f"/v1/segments/{segment_id}", models.SegmentDetail)

    async def change_segment(self, segment_id: UUID, body: models.ChangeSegment, *, if_match: int) -> models.Segment:
        """Change a segment by RFC 7396 merge patch; a new rule judges from this instant on, what was before stays
        told.

        Errors: 409 it is asked about and cannot be archived; 412 stale; 422 as when defining; 428 without `If-
        Match`.
        """
        return await self._ask(
            "PATCH", f"/v1/segments/{segment_id}", models.Segment, body=body, headers={"If-Match": f'"{if_match}"'}
        )

    async def list_members(
        self, segment_id: UUID, *, limit: int | None = None, as_of: datetime | None = None, cursor: str | None = None
    ) -> Page[models.Member]:
        """Who is in, latest first: ids, since when, through what, on what that rests; `as_of` as recorded then.

        Who is denied by a word that is recorded and not carried through yet is left out. The reading is
        recorded. Errors: 422
        `as_of` lies ahead.
        """
        return await self._ask(
            "GET",
            f"/v1/segments/{segment_id}/members",
            Page[models.Member],
            query={"limit": limit, "as_of": as_of, "cursor": cursor},
        )

    def all_members(
        self, segment_id: UUID, *, limit: int | None = None, as_of: datetime | None = None
    ) -> AsyncIterator[models.Member]:
        """Every item of `list_members`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_members(segment_id, limit=limit, as_of=as_of, cursor=at), None)

    async def list_services(self) -> list[models.ServiceView]:
        """The catalogue in its newest versions, by key: a few dozen, so that it comes whole."""
        return await self._ask("GET", "/v1/services", list[models.ServiceView])

    async def define_service(self, body: models.DefineService) -> models.ServiceView:
        """Put an entry into the catalogue; its `key` is its key: a repeat answers 200.

        Errors: 409 the key is known with other content; 422 a condition does not parse, type-check or costs too
        much, a purpose
        nobody has, a value in another currency than the weights.
        """
        return await self._ask("POST", "/v1/services", models.ServiceView, body=body)

    async def show_fairness(self, *, from_: date | None = None, to: date | None = None) -> models.FairnessReport:
        """Who is offered what and who takes it, by age band, gender and region; `from` and `to` choose whole
        months.
        """
        return await self._ask("GET", "/v1/services/fairness", models.FairnessReport, query={"from": from_, "to": to})

    async def show_lift(self, *, from_: date | None = None, to: date | None = None) -> models.LiftReport:
        """What next best services were worth against the control group, by entry; `from` and `to` are days of
        qualifying.
        """
        return await self._ask("GET", "/v1/services/lift", models.LiftReport, query={"from": from_, "to": to})

    async def adopt_service_presets(self) -> list[models.ServiceView]:
        """Define the entries that come with the service; the ones made now.

        Those already there stay as they are, but for one that still says what it said when it came: it gets the
        next version.
        """
        return await self._ask("POST", "/v1/services/presets", list[models.ServiceView])

    async def show_service(self, key: str, *, version: int | None = None) -> models.ServiceView:
        """One entry in its newest version, or as it was in another."""
        return await self._ask("GET", f"/v1/services/{key}", models.ServiceView, query={"version": version})

    async def change_service(self, key: str, body: models.ChangeService, *, if_match: int) -> models.ServiceView:
        """Make the next version of an entry by RFC 7396 merge patch; what was decided by the one before stays
        told.

        Errors: 412 stale; 422 as when defining, or `effective_from` lies in the past; 428 without `If-Match`.
        """
        return await self._ask(
            "PATCH", f"/v1/services/{key}", models.ServiceView, body=body, headers={"If-Match": f'"{if_match}"'}
        )

    async def list_webhooks(self, *, limit: int | None = None, cursor: str | None = None) -> Page[models.Webhook]:
        """Subscriptions, newest first; a client sees its own."""
        return await self._ask("GET", "/v1/webhooks", Page[models.Webhook], query={"limit": limit, "cursor": cursor})

    def all_webhooks(self, *, limit: int | None = None) -> AsyncIterator[models.Webhook]:
        """Every item of `list_webhooks`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_webhooks(limit=limit, cursor=at), None)

    async def subscribe_webhook(self, body: models.Subscribe, *, idempotency_key: str | None = None) -> models.Webhook:
        """Be told of this service's events by signed POSTs (Standard Webhooks); the answer alone tells the secret.

        Errors: 422 the host is not allowed, or the service says no such event.
        """
        return await self._ask(
            "POST", "/v1/webhooks", models.Webhook, body=body, headers={"Idempotency-Key": idempotency_key}, keyed=True
        )

    async def show_webhook(self, webhook_id: UUID) -> models.Webhook:
        """One subscription, and whether its other side is away."""
        return await self._ask("GET", f"/v1/webhooks/{webhook_id}", models.Webhook)

    async def change_webhook(self, webhook_id: UUID, body: models.ChangeWebhook, *, if_match: int) -> models.Webhook:
        """Change address, types or state; `active` also forgets that the other side was away."""
        return await self._ask(
            "PATCH", f"/v1/webhooks/{webhook_id}", models.Webhook, body=body, headers={"If-Match": f'"{if_match}"'}
        )

    async def end_webhook(self, webhook_id: UUID, *, if_match: int) -> None:
        """End the subscription and drop what waits for it."""
        await self._ask(
            "DELETE", f"/v1/webhooks/{webhook_id}", TypeAdapter(None), headers={"If-Match": f'"{if_match}"'}
        )

    async def list_deliveries(
        self,
        webhook_id: UUID,
        *,
        limit: int | None = None,
        state: models.DeliveryState | None = None,
        cursor: str | None = None,
    ) -> Page[models.Delivery]:
        """What was delivered, waits or is parked, newest first."""
        return await self._ask(
            "GET",
            f"/v1/webhooks/{webhook_id}/deliveries",
            Page[models.Delivery],
            query={"limit": limit, "state": state, "cursor": cursor},
        )

    def all_deliveries(
        self, webhook_id: UUID, *, limit: int | None = None, state: models.DeliveryState | None = None
    ) -> AsyncIterator[models.Delivery]:
        """Every item of `list_deliveries`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_deliveries(webhook_id, limit=limit, state=state, cursor=at), None)

    async def replay_webhook(self, webhook_id: UUID, body: models.Replay) -> models.Replayed:
        """Send again what is parked, or everything since an instant that is still kept. A repeat does no harm."""
        return await self._ask("POST", f"/v1/webhooks/{webhook_id}/replays", models.Replayed, body=body)

    async def change_secret(self, webhook_id: UUID, *, if_match: int) -> models.Webhook:
        """A new secret, told in this answer alone; the former one signs beside it for 24 hours."""
        return await self._ask(
            "POST", f"/v1/webhooks/{webhook_id}/secrets", models.Webhook, headers={"If-Match": f'"{if_match}"'}
        )

    async def wait_for_job(
        self, job_id: UUID, *, within: float = 600, watch: Callable[[models.Job], None] | None = None
    ) -> models.Job:
        """The job once it has ended; `watch` is told how it stands meanwhile."""
        return await ended(lambda: self.show_job(job_id), within=within, watch=watch)
