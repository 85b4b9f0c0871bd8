"""A small SMSC of our own: the other end of an SMPP line, for `make run` and for tests. Never in production.

It keeps its own reading and writing of PDUs (crm/smsc/pdus.py), apart from the product's, so that the two prove each
other: a mistake made on both sides by one piece of code would be seen by nobody.
"""
