"""Generated: the typed client of the cxbank services; `async with Customer(address, token) as customer`."""

from cxbank_client.channel_router.client import ChannelRouter
from cxbank_client.customer.client import Customer
from cxbank_client.feedback.client import Feedback
from cxbank_client.kpi.client import Kpi
from cxbank_client.problems import Problem, Unreachable
from cxbank_client.risk.client import Risk
from cxbank_client.tokens import ClientCredentials

__all__ = ["ChannelRouter", "ClientCredentials", "Customer", "Feedback", "Kpi", "Problem", "Risk", "Unreachable"]
