"""How hard Hypothesis tries: a moderate number of examples that are the same in every run, so that a failure is the
change's and not the day's.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "sijil", max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("sijil")
