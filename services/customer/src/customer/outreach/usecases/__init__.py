"""What can be done with messages: write texts, accept a wish, decide and send what is due, take receipts, forget."""

from customer.outreach.usecases.asking import Asked, ask_for_messages
from customer.outreach.usecases.campaigning import Fate, fates, let_expire, let_lie, take_up
from customer.outreach.usecases.coding import accept_codes
from customer.outreach.usecases.counting import contacts_of
from customer.outreach.usecases.planning import Barred, permission_of, policies
from customer.outreach.usecases.profiled import PROFILE_PART
from customer.outreach.usecases.reaching import acts_of, last_act, marks_of, point_for, rests_of
from customer.outreach.usecases.receiving import report_receipt
from customer.outreach.usecases.sending import anything_due, forget_marks, record, take
from customer.outreach.usecases.shipped import newest_texts, shipped
from customer.outreach.usecases.submitting import (
    forget,
    gather,
    message_of,
    misfits,
    own_message_of,
    show_message,
    submit_messages,
)
from customer.outreach.usecases.waking import unbarred
from customer.outreach.usecases.writing import template_of, versions, write_template

__all__ = [
    "PROFILE_PART",
    "Asked",
    "Barred",
    "Fate",
    "accept_codes",
    "acts_of",
    "anything_due",
    "ask_for_messages",
    "contacts_of",
    "fates",
    "forget",
    "forget_marks",
    "gather",
    "last_act",
    "let_expire",
    "let_lie",
    "marks_of",
    "message_of",
    "misfits",
    "newest_texts",
    "own_message_of",
    "permission_of",
    "point_for",
    "policies",
    "record",
    "report_receipt",
    "rests_of",
    "shipped",
    "show_message",
    "submit_messages",
    "take",
    "take_up",
    "template_of",
    "unbarred",
    "versions",
    "write_template",
]
