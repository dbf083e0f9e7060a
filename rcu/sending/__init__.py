"""What goes out over HTTP to others: where it may go, how it is signed, and how it is sent; no database."""
