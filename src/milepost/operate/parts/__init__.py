"""The parts of a data folder checked against each other at each start, marked, and repaired when a person says so."""
