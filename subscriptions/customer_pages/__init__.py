"""Pages of one customer that need to know its subscriptions: User settings and Activity."""
