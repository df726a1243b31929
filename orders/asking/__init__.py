"""A reseller asks for new subscriptions of a customer, and the provider that approves orders them."""
