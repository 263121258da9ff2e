"""The gateways that messages go to, one file each."""
