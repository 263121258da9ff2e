"""The demo: everything started, applications arriving, and a picture of them on their way."""
