"""The commands of `sijil`, by who uses them."""
