"""What is stored: rows, settings, the database session, the errors, the clock."""
