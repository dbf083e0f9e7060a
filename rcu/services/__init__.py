"""Use cases, one file each: they own the transaction and put the rooms together."""
