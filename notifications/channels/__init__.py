"""The channels that messages take, one file each: what fits, and how it is counted."""
