"""Reading files of applications and persons: JSON and tables, as programs write them."""
