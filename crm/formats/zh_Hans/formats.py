"""Chinese as Django has it, with the digits of a price in groups of three as contracts write them."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
