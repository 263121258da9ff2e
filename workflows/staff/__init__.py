"""Who of the staff may do what, and how they prove who they are."""
