"""Requests for a reseller relationship: what a provider asks a customer, and what its administrator answers."""
