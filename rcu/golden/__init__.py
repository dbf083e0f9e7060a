"""From a cluster of records to one golden record, with where each field came from."""
