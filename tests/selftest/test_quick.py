"""The quick self-test, as part of the tests: every check of Vigil's own has failed at least once, on a fault that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_app.checks.catalogue import own
from tui_app.rehearsal.faults import FAULTS
from tui_app.selftest.jobs import batch_job
from tui_app.selftest.quick import BATCHES
from tui_app.selftest.session import carry_out


def test_between_them_the_batches_make_every_check_fail() -> None:
    seeded = {fault for batch in BATCHES for fault in batch}
    failing = {check for fault in seeded for check in FAULTS[fault].caught_by}
    assert failing == {check.id for check in own() if "rehearsal" in check.environments}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable, part in (("XDG_STATE_HOME", "state"), ("XDG_RUNTIME_DIR", "run"), ("XDG_CONFIG_HOME", "config")):
        (tmp_path / part).mkdir(mode=0o700)
        monkeypatch.setenv(variable, str(tmp_path / part))
    return tmp_path


@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: batch[0])
async def test_each_fault_is_caught_with_a_witness(home: Path, batch: tuple[str, ...]) -> None:
    outcome = await carry_out(batch_job("quick", batch), home)
    assert not outcome.problem
    assert not outcome.differs, "judged anew, it reads otherwise"
    assert {fault: missed.why for fault in batch if (missed := outcome.missed(fault))} == {}
