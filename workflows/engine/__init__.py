"""The engine: loads case files, lets the stages decide, chains and records what they decided, set by set."""
