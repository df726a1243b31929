"""A reseller asks for a change, and the provider decides: draft, request, question and answer, decision."""
