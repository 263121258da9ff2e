"""Who of the staff read or did what, when and why: entries, their chain, the search, and what outsiders verify."""
