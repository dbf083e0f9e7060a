"""What the events and the golden record of a customer add up to: aggregates and scores."""
