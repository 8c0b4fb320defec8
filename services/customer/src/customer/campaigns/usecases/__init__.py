"""What can be done with campaigns: plan, change, step by step write to their people, count, forget."""

from customer.campaigns.usecases.forgetting import count_out, forget, gather
from customer.campaigns.usecases.planning import change_campaign, define_campaign, show_campaign, view_of
from customer.campaigns.usecases.results import results
from customer.campaigns.usecases.stepping import step

__all__ = [
    "change_campaign",
    "count_out",
    "define_campaign",
    "forget",
    "gather",
    "results",
    "show_campaign",
    "step",
    "view_of",
]
