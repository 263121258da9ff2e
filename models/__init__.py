"""Tables, settings, the database connection, the errors and the clock."""
