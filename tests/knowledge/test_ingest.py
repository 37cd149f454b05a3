import os
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.ingest import FILE_BYTES, main, read_folder, stamp_folder
from knowledge.problem import Problem, Severity
from tests.knowledge.shelf import article, fill

GOOD = "## A\n\nText."


def only_problem(folder: Path) -> Problem:
    (problem,) = read_folder(folder).problems
    return problem


def test_reads_all_articles_also_in_folders_below(tmp_path: Path) -> None:
    fill(tmp_path, returns=GOOD, shipping=GOOD)
    fill(tmp_path / "care", boots=GOOD)
    reading = read_folder(tmp_path)
    assert list(reading.articles) == ["care/boots.md", "returns.md", "shipping.md"]
    assert reading.problems == ()
    assert reading.found


def test_passes_over_what_is_no_article(tmp_path: Path) -> None:
    fill(tmp_path, returns=GOOD)
    fill(tmp_path / ".git", config=GOOD)
    (tmp_path / ".returns.md.swp").write_text("x")
    (tmp_path / ".hidden.md").write_text("x")
    (tmp_path / "notes.txt").write_text("x")
    reading = read_folder(tmp_path)
    assert list(reading.articles) == ["returns.md"]
    assert reading.problems == ()


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    reading = read_folder(tmp_path / "nowhere")
    assert not reading.found
    assert "missing" in reading.problems[0].message


def test_an_empty_folder_is_a_warning(tmp_path: Path) -> None:
    problem = only_problem(tmp_path)
    assert "no articles" in problem.message
    assert problem.severity is Severity.WARNING


def test_a_broken_article_does_not_hide_the_others(tmp_path: Path) -> None:
    fill(tmp_path, returns=GOOD, shipping=GOOD)
    (tmp_path / "broken.md").write_text("---\ntitle: A\ntopics: b\nupdated: 2026-01-01\n---\nText.")
    reading = read_folder(tmp_path)
    assert list(reading.articles) == ["returns.md", "shipping.md"]
    assert reading.refused == {"broken.md"}
    (problem,) = reading.problems
    assert str(problem).startswith("broken.md:3: error: `topics` must be a list")


def test_warnings_of_an_article_are_problems_too(tmp_path: Path) -> None:
    fill(tmp_path, returns="## A\n\n**Bold.**")
    assert read_folder(tmp_path).articles
    assert only_problem(tmp_path).severity is Severity.WARNING


def test_two_files_cannot_have_one_slug(tmp_path: Path) -> None:
    fill(tmp_path / "a", returns=GOOD)
    fill(tmp_path / "b", returns=GOOD)
    reading = read_folder(tmp_path)
    assert list(reading.articles) == ["a/returns.md"]
    assert str(reading.problems[0]) == (
        "b/returns.md:1: error: its slug `returns` is taken by a/returns.md; rename one of the files"
    )


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(article("Secret."))
    shelf = fill(tmp_path / "shelf", returns=GOOD)
    (shelf / "leak.md").symlink_to(secret)
    reading = read_folder(shelf)
    assert list(reading.articles) == ["returns.md"]
    assert "leaves the knowledge folder" in reading.problems[0].message
    assert "Secret" not in str(reading)


def test_a_linked_folder_is_not_entered(tmp_path: Path) -> None:
    fill(tmp_path / "outside", secret=GOOD)
    shelf = fill(tmp_path / "shelf", returns=GOOD)
    (shelf / "more").symlink_to(tmp_path / "outside", target_is_directory=True)
    (shelf / "circle").symlink_to(shelf, target_is_directory=True)
    assert list(read_folder(shelf).articles) == ["returns.md"]


def test_a_link_within_the_folder_is_followed_as_container_mounts_need(tmp_path: Path) -> None:
    fill(tmp_path / "..data_2026", returns=GOOD)
    (tmp_path / "returns.md").symlink_to(tmp_path / "..data_2026" / "returns.md")
    assert list(read_folder(tmp_path).articles) == ["returns.md"]


@pytest.mark.parametrize("target", ["nowhere.md", "loop.md"])
def test_a_link_to_nowhere_is_a_problem(tmp_path: Path, target: str) -> None:
    fill(tmp_path, returns=GOOD)
    (tmp_path / "loop.md").symlink_to(tmp_path / target)
    assert read_folder(tmp_path).refused == {"loop.md"}
    assert "cannot be read" in only_problem(tmp_path).message
    assert stamp_folder(tmp_path)["loop.md"] == (0, 0, 0)


def test_a_pipe_does_not_hold_us_up(tmp_path: Path) -> None:
    fill(tmp_path, returns=GOOD)
    os.mkfifo(tmp_path / "pipe.md")
    assert "not an ordinary file" in only_problem(tmp_path).message


def test_a_folder_named_like_an_article_is_entered(tmp_path: Path) -> None:
    fill(tmp_path / "odd.md", returns=GOOD)
    assert list(read_folder(tmp_path).articles) == ["odd.md/returns.md"]


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    start = article("")
    (tmp_path / "fits.md").write_text(start + "a" * (FILE_BYTES - len(start)))
    (tmp_path / "large.md").write_text(start + "a" * (FILE_BYTES - len(start) + 1))
    reading = read_folder(tmp_path)
    assert reading.refused == {"large.md"}
    assert "fits.md" in reading.articles


def test_files_beyond_the_number_allowed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.ingest.FOLDER_FILES", 1)
    fill(tmp_path, a=GOOD, b=GOOD)
    assert list(read_folder(tmp_path).articles) == ["a.md"]
    assert "beyond the first 1" in only_problem(tmp_path).message


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "latin.md").write_bytes(article("Fine.\nCaf\xe9.").encode("latin-1"))
    assert str(only_problem(tmp_path)).startswith("latin.md:7: error: is not UTF-8")


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "marked.md").write_bytes(b"\xef\xbb\xbf" + article("Text.").encode())
    assert list(read_folder(tmp_path).articles) == ["marked.md"]


@pytest.mark.parametrize("name", [b"bad\xff.md", b"two\nlines.md"])
def test_a_name_that_cannot_be_printed_is_refused(tmp_path: Path, name: bytes) -> None:
    with open(os.fsencode(tmp_path) + b"/" + name, "w") as file:
        file.write(article("Text."))
    problem = only_problem(tmp_path)
    assert "cannot be printed" in problem.message
    assert str(problem).isprintable()


def test_the_stamp_tells_additions_edits_and_removals(tmp_path: Path) -> None:
    fill(tmp_path, returns=GOOD)
    stamps = [stamp_folder(tmp_path)]
    fill(tmp_path, shipping=GOOD)
    stamps.append(stamp_folder(tmp_path))
    (tmp_path / "returns.md").write_text(article("## A\n\nOther."))
    stamps.append(stamp_folder(tmp_path))
    (tmp_path / "shipping.md").unlink()
    stamps.append(stamp_folder(tmp_path))
    assert all(one != other for one, other in zip(stamps, stamps[1:], strict=False))
    assert stamps[-1] == stamp_folder(tmp_path)


def test_the_stamp_of_a_missing_folder_is_empty(tmp_path: Path) -> None:
    assert stamp_folder(tmp_path / "nowhere") == {}


def test_the_command_sums_up_and_succeeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path, returns="## A\n\nOne two.\n\nThree.")
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == (
        "1 articles, 2 passages (1 leads), 3 words; 0 problems, 0 files refused\n"
    )


def test_the_command_prints_problems_and_fails(tmp_path: Path) -> None:
    (tmp_path / "broken.md").write_text("no front matter")
    ran = subprocess.run(
        [sys.executable, "-m", "knowledge.ingest", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stdout.startswith("broken.md:1: error: front matter must come first")
    assert ran.stderr == ""
