"""Messages to people: which event makes which message owed, its texts in each language, and its delivery."""
