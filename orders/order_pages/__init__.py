"""The Orders list, a customer's Order history, an order as a document, and the list as a file."""
