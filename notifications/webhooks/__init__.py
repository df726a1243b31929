"""Telling a company's own programs of what happened to it: signed, again until it succeeds, never into the house."""
