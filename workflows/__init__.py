"""What is decided: the map of a case's life, the stages, the engine that moves cases, the dated policies."""
