"""Requirements and profiles as data; rules as pure functions (Inventory, Profile) → Verdict."""

from . import rules_dom0, rules_guests, rules_machine, rules_network, rules_storage
from .profile_loader import list_profiles, load_host_profile, load_profile
from .requirement_list import requirement, requirements
from .rulebook import RULES, evaluate

__all__ = [
    "RULES",
    "evaluate",
    "list_profiles",
    "load_host_profile",
    "load_profile",
    "requirement",
    "requirements",
]

RULE_MODULES = (rules_dom0, rules_guests, rules_machine, rules_network, rules_storage)
"""Imported so that their rules are in :data:`RULES`."""
