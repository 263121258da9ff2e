"""The gateways that deliveries go to, one file each."""
