"""Subscriptions across all customers: what is searched and filtered, what the rows show, and the list as a file."""
