"""`sijil chaos`: real workers on real servers while everything is killed in turn; afterwards everything is counted."""
