"""What the stages of an appeal share: who holds it, who may decide, from when its term counts, and the codes."""
