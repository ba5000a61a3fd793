from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from xenvm.bench.measuring import Extent
from xenvm.bench.network import Peer
from xenvm.cli import xenvm
from xenvm.errors import BlockedError
from xenvm.model.baseline import Baseline, Fingerprint
from xenvm.model.verdict import Tier
from xenvm.qualify import native


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Peer | None]]:
    """Return the disks and peers that were recorded."""
    heard: list[tuple[str, Peer | None]] = []

    def record(*_how: object, device: str, peer: Peer | None) -> Baseline:
        heard.append((device, peer))
        return Baseline(
            fingerprint=Fingerprint(),
            recorded_at="2026-11-26",
            tier=Tier.QUICK,
            span_mib=256,
            figures=(),
        )

    monkeypatch.setattr(native, "record_native", record)
    return heard


def test_tier_and_span_reach_the_recording(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heard: list[Extent] = []

    def record(_shell: object, extent: Extent, _say: object, **_what: object) -> None:
        heard.append(extent)
        raise BlockedError("this machine runs Xen")

    monkeypatch.setattr(native, "record_native", record)
    words = ["native", "--allow", "x", "--output", str(tmp_path / "n.json"), "--span", "4096"]
    assert CliRunner().invoke(xenvm, [*words, "--tier", "full"]).exit_code == 3
    assert heard == [Extent(tier=Tier.FULL, span_mib=4096)]


def test_a_span_that_disks_cache_is_refused_in_one_line(
    recorded: list[object], tmp_path: Path
) -> None:
    words = ["native", "--allow", "x", "--output", str(tmp_path / "n.json"), "--span", "63"]
    done = CliRunner().invoke(xenvm, words)
    assert (done.exit_code, recorded) == (2, [])
    assert done.output.startswith("xenvm: --span 63 is too small")
    assert done.output.endswith("give 64 MiB or more\n")
    assert len(done.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], ("", None)),
        (["--allow", "x"], ("x", None)),
        (["--peer", "192.0.2.7:5202"], ("", Peer(address="192.0.2.7", port=5202))),
    ],
)
def test_a_recording_of_what_was_asked_is_written(
    recorded: list[object], tmp_path: Path, words: list[str], asked: object
) -> None:
    file = tmp_path / "native.json"
    done = CliRunner().invoke(xenvm, ["native", *words, "--output", str(file)])
    assert (done.exit_code, recorded) == (0, [asked]), done.output
    assert native.load_native(file).recorded_at == "2026-11-26"


@pytest.mark.parametrize(
    ("name", "said"), [("there.json", "is there already"), ("no/where.json", "cannot be written")]
)
def test_nothing_is_measured_for_a_file_that_cannot_be_written(
    recorded: list[object], tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "there.json").touch()
    done = CliRunner().invoke(xenvm, ["native", "--allow", "x", "--output", str(tmp_path / name)])
    assert (done.exit_code, recorded) == (2, [])
    assert said in done.output


def test_what_is_no_peer_is_refused_in_one_line(recorded: list[object], tmp_path: Path) -> None:
    words = ["native", "--peer", "a b", "--output", str(tmp_path / "native.json")]
    done = CliRunner().invoke(xenvm, words)
    assert (done.exit_code, recorded) == (2, [])
    assert done.output.startswith("xenvm: 'a b' is no peer")
    assert len(done.output.splitlines()) == 1


def test_the_help_says_when_no_disk_is_touched() -> None:
    told = " ".join(CliRunner().invoke(xenvm, ["native", "--help"]).output.split())
    assert "without it no disk is touched" in told
