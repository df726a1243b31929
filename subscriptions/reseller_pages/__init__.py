"""The Indirect resellers list and a reseller's pages: they show customers and subscriptions."""
