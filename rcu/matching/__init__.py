"""The matching engine: one comparison kernel, from candidate pairs to clusters, and why."""
