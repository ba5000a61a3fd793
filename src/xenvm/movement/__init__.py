"""Moving domains between hosts: prerequisites, the move, and exactly one copy afterwards."""

from .moving import Report, migrate

__all__ = ["Report", "migrate"]
