"""`sijil chaos`: kills real workers and servers in turn while people apply and answer, then counts every promise."""
