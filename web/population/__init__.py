"""The population register on the web: an application of its own, which serves partners and no page for citizens."""
