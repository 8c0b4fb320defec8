"""What can be done with consent: define purposes, record words, ask whether a use is allowed, read states and receipts."""

from customer.consents.usecases.catalogue import change_purpose, define_purpose, list_purposes, show_purpose
from customer.consents.usecases.deciding import decide_uses, may, refused_channels
from customer.consents.usecases.noting import SERVICING, STATISTICS
from customer.consents.usecases.profiling import (
    basis_of_statistics,
    named_uses,
    profiling_grounds,
    profiling_terms,
    profiling_words,
    shown_grounds,
)
from customer.consents.usecases.reading import gather, history, show_consents, show_receipt
from customer.consents.usecases.recording import forget, import_consents, record_consents
from customer.consents.usecases.stopping import stop

__all__ = [
    "SERVICING",
    "STATISTICS",
    "basis_of_statistics",
    "change_purpose",
    "decide_uses",
    "define_purpose",
    "forget",
    "gather",
    "history",
    "import_consents",
    "list_purposes",
    "may",
    "named_uses",
    "profiling_grounds",
    "profiling_terms",
    "profiling_words",
    "record_consents",
    "refused_channels",
    "show_consents",
    "show_purpose",
    "show_receipt",
    "shown_grounds",
    "stop",
]
