"""The example of docs/torch.md runs. (tests/test_blocks.py runs those of other pages, where PyTorch is not there.)"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="no torch: python3 noxfile.py -s torch brings it")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "torch.md"


def test_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"^```text\n(import .*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    exec(compile(code, str(PAGE), "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out.startswith("2 layers replaced, 3252224 bytes of weights became ")


def test_the_schema() -> None:
    import torch

    import dotbench.torch

    assert dotbench.torch.linear and str(torch.ops.dotbench.linear.default._schema) in PAGE.read_text()
