"""A module is missing."""

import torchcheckup_is_not_a_module  # noqa: F401
