"""Pages of the Indirect resellers section, of reseller staff's Indirect providers, and of a request's link."""
