"""How it is started: the command line, the embedded servers, the demo, the generator, the proofs."""
