"""What a domain is made of: what is meant where nothing is said."""

from __future__ import annotations

from xenvm.errors import SpecError, UsageError
from xenvm.model.domain import DomainConfig

GUEST = DomainConfig(name="guest", memory_kib=98304, kernel="/boot/vmlinuz")


def test_the_most_memory_and_vcpus_are_what_the_guest_starts_with_unless_said() -> None:
    assert (GUEST.max_memory_kib, GUEST.max_vcpus) == (98304, 1)


def test_a_spec_error_is_a_usage_error() -> None:
    assert issubclass(SpecError, UsageError)
