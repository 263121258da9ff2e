"""Whether two records mean the same person: names across spellings and scripts."""
