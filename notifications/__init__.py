"""What people are told: which event owes whom what, in which words, by which channel."""
