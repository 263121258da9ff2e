"""The gateways that carry the messages of a channel, a file a protocol, behind one port (`deliver.Gateway`)."""
