"""The rules of a campaign: who is drawn into which group, where it may go, and how its people are counted."""
