"""Nouns of the product: frozen types without I/O, which every other package may import."""
