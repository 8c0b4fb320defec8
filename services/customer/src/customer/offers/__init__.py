"""The next best service for a customer: what fits, what must not be offered, what is best now, and whether it helped."""
