"""Microsoft's two files: from bytes to text, from text to checked rows, from rows to the catalogue."""
