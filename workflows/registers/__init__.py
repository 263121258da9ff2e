"""What the stages ask: the ports, and the local registers behind them."""
