"""Parsing of registers (Import in the sales procedures): pure, without database. Start at `reading`."""
