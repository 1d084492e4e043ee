"""The command lists, writes and refuses as its help says."""

from pathlib import Path

import pytest

from test_data.catalogue import DEMO_STUDIES
from test_data.cli import main


def test_list_names_every_study_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--anchor", "2026-11-20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [study.name for study in DEMO_STUDIES] == [line.split()[0] for line in lines]
    assert "2026-11-20" in lines[0]
    assert "40 files" in lines[0]


def test_one_study_is_written_with_a_progress_line_and_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "--only", "dx-chest"]) == 0
    assert [tmp_path / "dx-chest/pa/0001.dcm"] == [path for path in tmp_path.rglob("*") if path.is_file()]
    shown = capsys.readouterr()
    assert "1/1 dx-chest" in shown.err
    assert shown.out.splitlines()[-1].startswith("1 files, 5.1 MB")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["out", "--only", "nonsense"], "nonsense is no demo study"),
        ([], "OUT is missing"),
        (["out", "--anchor", "yesterday"], "invalid fromisoformat value: 'yesterday'"),
    ],
)
def test_a_wrong_call_ends_with_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
