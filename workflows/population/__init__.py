"""The population register as a service: its partners, and how their questions are signed, answered and noted."""
