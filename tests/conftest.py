"""How hard hypothesis tries: `fast` finds the same each time, HYPOTHESIS_PROFILE=deep goes on."""

import os

from hypothesis import HealthCheck, settings

# A loaded machine draws slowly; that says nothing about a strategy.
_PATIENT = [HealthCheck.too_slow]

settings.register_profile(
    "fast", max_examples=25, derandomize=True, deadline=None, suppress_health_check=_PATIENT
)
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
