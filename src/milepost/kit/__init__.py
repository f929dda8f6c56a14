"""Small parts that know nothing of the product: clock, ids, JSON, cryptography."""
