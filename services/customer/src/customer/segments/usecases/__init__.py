"""What can be done with segments: define, change, preview, adopt presets, tell who is in, show and explain memberships."""

from customer.segments.usecases.audience import denied_now, known_past, members_at, require_active
from customer.segments.usecases.catalogue import (
    adopt_presets,
    change_segment,
    define_segment,
    preview,
    show_segment,
    view_of,
)
from customer.segments.usecases.freezing import freeze_cuts, list_cuts
from customer.segments.usecases.judging import Judged, check_condition, judge
from customer.segments.usecases.listing import list_members
from customer.segments.usecases.profiled import PROFILE_PART, fifths
from customer.segments.usecases.reading import Look, active_keys, gather, show_memberships, standing_of
from customer.segments.usecases.saying import everybody_in
from customer.segments.usecases.settling import forget, settle, settle_batch

__all__ = [
    "PROFILE_PART",
    "Judged",
    "Look",
    "active_keys",
    "adopt_presets",
    "change_segment",
    "check_condition",
    "define_segment",
    "denied_now",
    "everybody_in",
    "fifths",
    "forget",
    "freeze_cuts",
    "gather",
    "judge",
    "known_past",
    "list_cuts",
    "list_members",
    "members_at",
    "preview",
    "require_active",
    "settle",
    "settle_batch",
    "show_memberships",
    "show_segment",
    "standing_of",
    "view_of",
]
