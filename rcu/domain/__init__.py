"""What everything else speaks of: records, what sources deliver."""
