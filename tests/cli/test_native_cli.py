from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from xenvm.cli import xenvm
from xenvm.model.baseline import Baseline, Fingerprint
from xenvm.model.verdict import Tier
from xenvm.qualify import native


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the disks that were recorded."""
    disks: list[str] = []

    def record(_shell: object, device: str, *_more: object) -> Baseline:
        disks.append(device)
        return Baseline(
            fingerprint=Fingerprint(), recorded_at="2026-11-26", tier=Tier.QUICK, figures=()
        )

    monkeypatch.setattr(native, "record_native", record)
    return disks


def test_a_recording_is_written(recorded: list[str], tmp_path: Path) -> None:
    file = tmp_path / "native.json"
    done = CliRunner().invoke(xenvm, ["native", "--allow", "x", "--output", str(file)])
    assert (done.exit_code, recorded) == (0, ["x"]), done.output
    assert native.load_native(file).recorded_at == "2026-11-26"


@pytest.mark.parametrize(
    ("name", "said"), [("there.json", "is there already"), ("no/where.json", "cannot be written")]
)
def test_nothing_is_measured_for_a_file_that_cannot_be_written(
    recorded: list[str], tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "there.json").touch()
    done = CliRunner().invoke(xenvm, ["native", "--allow", "x", "--output", str(tmp_path / name)])
    assert (done.exit_code, recorded) == (2, [])
    assert said in done.output
