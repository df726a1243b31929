"""Decisions that are due: which subscriptions come to one, what happens if nobody acts, and who is told in time."""
