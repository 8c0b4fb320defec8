"""What can be done with messages: write texts, accept a wish, decide and send what is due, take receipts, forget."""

from customer.outreach.usecases.coding import accept_codes
from customer.outreach.usecases.counting import contacts_of
from customer.outreach.usecases.receiving import report_receipt
from customer.outreach.usecases.sending import forget_marks, policies, record, take
from customer.outreach.usecases.submitting import forget, gather, message_of, show_message, submit_messages
from customer.outreach.usecases.writing import template_of, versions, write_template

__all__ = [
    "accept_codes",
    "contacts_of",
    "forget",
    "forget_marks",
    "gather",
    "message_of",
    "policies",
    "record",
    "report_receipt",
    "show_message",
    "submit_messages",
    "take",
    "template_of",
    "versions",
    "write_template",
]
