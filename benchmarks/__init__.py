"""Measured runs: `make bench`. Times are quoted with something run beside them on the same machine."""
