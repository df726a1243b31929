"""The end of a partnership, and the reseller's side of it: both touch customers, subscriptions and drafts."""
