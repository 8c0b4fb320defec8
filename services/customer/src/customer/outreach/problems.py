"""What can be wrong with a request about messages and templates."""

from shared.problems import Conflict, NotFound


class MessageUnknown(NotFound):
    """No such message, or another customer's."""

    title = "Message not found"


class TemplateUnknown(NotFound):
    """No template of that key."""

    title = "Template not found"


class ReceiptOutOfOrder(Conflict):
    """The message is not where such a receipt could move it."""

    title = "The receipt does not fit the message"
