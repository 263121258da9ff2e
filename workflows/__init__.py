"""What is decided: the flows of cases, their stages, the engine that moves cases, and the dated policies."""
