"""Companies from a delimited file: read, decided line by line, and applied in bounded transactions."""
