"""Filters of a list under a name: a person's own, and those that its colleagues share."""
