"""The bodies that people send: their fields and bounds, strict reading, and the sentences about mistakes."""
