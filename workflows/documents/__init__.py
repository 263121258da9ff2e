"""Documents that households add to a case: what is taken, how it is kept, who opens it."""
