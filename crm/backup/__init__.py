"""Backups: one file with every row of the database, its manifest and the media, and back again.

Written with the database's own COPY inside one snapshot, not with pg_dump: the production image has no client
programs of the server's version, and so the same code runs, and is tested, on the embedded server and in production.
"""
