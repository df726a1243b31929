"""The Customers list: what is searched, what its rows show, and the list as a file."""
