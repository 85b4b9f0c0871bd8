"""The only writers of campaigns: one verb, one action, one transaction."""
