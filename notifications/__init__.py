"""What people are told: which event makes which message owed, in which words and languages."""
