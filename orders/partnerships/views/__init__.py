"""Pages of the end of a partnership, from either side, and of the reseller's indirect providers."""
