"""How Sijil is started: the command line and the embedded servers."""
