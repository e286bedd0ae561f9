"""The released answers of the 2025 publication, where they are at hand."""

import pytest

from .studies import REPOSITORY

RELEASED = REPOSITORY.parent / "shared" / "reference" / "shen2025"
needs_released = pytest.mark.skipif(
    not RELEASED.exists(), reason="the released answers are not here"
)
COUNTRIES = [
    "United States",
    "Canada",
    "Germany",
    "United Kingdom",
    "France",
    "Australia",
    "India",
    "Pakistan",
    "Philippines",
    "Nigeria",
    "Egypt",
    "Uganda",
]
