"""Pure rules of outreach: when a person may be reached, how often, through what, and what becomes of a message."""
