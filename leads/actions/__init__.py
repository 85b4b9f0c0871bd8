"""The writers of sales, split by noun: one verb, one function, one transaction; each ends with the plan
recomputed.
"""
