"""The sections of a customer's Account page: what each shows, and the page on which it is changed."""
