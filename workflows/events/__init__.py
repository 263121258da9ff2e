"""Every decision there is, in the past tense, a file for each kind of case.

Their names are for ever: a contract test loads one stored example of each. Facts are codes and values, never
sentences: they must be enough to explain the decision later, in any language.
"""

from importlib import import_module
from pkgutil import iter_modules

for each in iter_modules(__path__):  # so that KINDS has them all
    import_module(f"{__name__}.{each.name}")
