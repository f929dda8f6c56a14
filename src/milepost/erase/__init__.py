"""Answering privacy requests: what is of one company or one user id is found, then deleted, anonymised or exported."""
