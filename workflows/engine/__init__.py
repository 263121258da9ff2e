"""The engine loads case files, lets the stages decide, chains their events, and records them set by set."""
