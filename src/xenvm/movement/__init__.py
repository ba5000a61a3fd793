"""Moving domains between hosts: prerequisites, the move, and exactly one copy afterwards."""

from .course import Report
from .moving import migrate

__all__ = ["Report", "migrate"]
