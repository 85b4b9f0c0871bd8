"""Starts the product and its tests on a bare machine. Standard library only: it runs before anything is installed."""
