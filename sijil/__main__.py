"""`python -m sijil`."""

from sijil.cli import main

main()
