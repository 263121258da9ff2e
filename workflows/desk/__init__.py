"""What waits for people: one row a case, who works on it, and the acts that share the work out and decide nothing."""
