"""The population register of a worker process that knows the kinds of tests/toy_kind.py, by importing this."""

from tests.toy_kind import know
from workflows.registers.population import LocalRegister

know()


class Register(LocalRegister):
    """The local one."""
