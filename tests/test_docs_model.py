"""The model's reference page: it has every class and field, each with a description."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from xenvm.model.domain import DomainConfig
from xenvm.model.residue import Modelled
from xenvm.model.vbd import DiskHost, Vbd
from xenvm.spec import list_profiles

DOCS = Path(__file__).parents[1] / "docs"


def loaded() -> ModuleType:
    """Return the module that writes the page; it lies beside the documentation."""
    spec = importlib.util.spec_from_file_location("model_reference", DOCS / "model_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = loaded()
CLASSES: list[type[Modelled]] = REFERENCE.model_classes()


def test_the_page_has_every_class_that_a_domain_is_made_of() -> None:
    assert CLASSES[0] is DomainConfig
    assert {Vbd, DiskHost} <= set(CLASSES)
    assert len(CLASSES) == len(set(CLASSES))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_field_is_described_in_its_classs_docstring(kind: type[Modelled]) -> None:
    fields = {field.name for field in REFERENCE.fields_of(kind)}
    told = REFERENCE.descriptions_of(kind)
    assert fields - set(told) == set()
    assert set(told) - fields <= {"residue"}, "describes what is no field"
    assert all(told[name].strip() for name in fields)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_says_what_it_is(kind: type[Modelled]) -> None:
    assert REFERENCE.summary_of(kind).endswith(".")


def test_a_field_shows_its_places_its_unit_and_its_meaning() -> None:
    page = "\n".join(REFERENCE.model_page())
    assert "| `max_memory_kib` | `int` | `memory` | `maxmem` | KiB | The most memory" in page
    assert "It is `domain/devices/disk`; paths are below that." in page
    assert "`source/@dev` (backing block), `source/@file` (backing file)" in page


def test_a_field_without_a_description_would_be_seen() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Bare(Modelled):
        """A thing.

        Attributes:
            told: It is
                told.
        """

        told: int
        untold: int

    assert REFERENCE.descriptions_of(Bare) == {
        "residue": REFERENCE.descriptions_of(Modelled)["residue"],
        "told": "It is told.",
    }


def test_every_rule_is_on_the_page() -> None:
    page = list(REFERENCE.rule_page())
    assert len(page) == 1 + len(REFERENCE.DOMAIN_RULES) + len(REFERENCE.UNMODELLED_RULES)
    assert any("bootloader that is never run" in row for row in page)


def test_the_limits_of_every_shipped_profile_are_described() -> None:
    page = (DOCS / "reference/profiles.md").read_text(encoding="utf-8")
    names = list_profiles()
    assert [name for name in names if f"_generated/limits-{name}.md" in page] == [*names]
