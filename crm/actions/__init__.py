"""The kernel's writers, split by noun: one verb, one function, one transaction."""
