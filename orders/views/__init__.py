"""Pages of the New customer wizard, and of New subscription for a customer that exists."""
