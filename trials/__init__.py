"""What no production installs: the demo, the generator of believable data, chaos, and the servers and gateway that they
run against.
"""
