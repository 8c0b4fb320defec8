"""The rules of offering: what an entry asks for, the gates, the order, learning from answers, and what is measured."""
