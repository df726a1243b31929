"""Subscription details: what may be done with one subscription, said before it is done."""
