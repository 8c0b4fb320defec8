"""What a caller of the card can act on, besides what parties say."""

from shared.problems import Unavailable


class CardNotTold(Unavailable):
    """The party is known and has no card yet; whoever asks for one tells it first, so that this is hardly ever answered."""

    title = "Card not told yet"
