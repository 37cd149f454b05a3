from pathlib import Path

import pytest

from pipelines.agent import definition_file
from pipelines.agent.definition_file import LARGEST, DefinitionError, check_definition, load_definition

SHOP_FILE = Path(definition_file.__file__).parent / "definitions" / "shop.yaml"
SHOP = SHOP_FILE.read_text(encoding="utf-8")
REFUND_STEP = "      - use: request_refund\n"
CONFIRM = """\
      - confirm:
          voice: "Shall I cancel order {order_id:id}, {title}?"
          chat: "Shall I cancel order {order_id} ({title}, {total:money})?"
"""
TOOLS = {
    *("verify_identity", "look_up_order", "track_parcel", "request_refund", "cancel_order"),
    *("change_address", "reset_password", "create_ticket"),
}


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


def written(folder: Path, text: str) -> Path:
    path = folder / "agent.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shop_is_read_and_nothing_is_wrong_with_it() -> None:
    assert load_definition(SHOP_FILE).name == "Fern"
    assert check_definition(SHOP_FILE, TOOLS) == []


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("    kin: whereabouts\n", "    kinn: whereabouts\n", "    kinn:", "Extra inputs are not permitted"),
        ("greet: Hello!", "greet: Hello {name}!", "phrases:", "placeholder {name}, which nothing fills"),
        ("- ask: new_address", "- ask: shoe_size", "- ask: shoe_size", "names the slot 'shoe_size'"),
        (CONFIRM, "", "  cancel_order:\n", "needs verify somewhere and confirm directly before it"),
        ("      kind: zip\n", "      kind: pin\n", "      kind: pin\n", "identity.slots.zip.kind: "),
        ("name: Fern\n", "name: Fern\nname: Fred\n", "name: Fred", "the key 'name' stands here twice"),
        (
            "    skill: refunds\n",
            "    skill: [refunds\n",
            "    examples:\n      - I want a refund\n",
            "expected",
        ),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(
    tmp_path: Path, old: str, new: str, at: str, reason: str
) -> None:
    assert old in SHOP
    text = SHOP.replace(old, new, 1)
    path = written(tmp_path, text)
    with pytest.raises(DefinitionError) as caught:
        load_definition(path)
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"{path}:{line_of(text, at)}: ")
    assert reason in first


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    text = SHOP.replace("    title: your refund\n", "").replace("      kind: email\n", "      kind: fax\n")
    messages = [problem.message for problem in check_definition(written(tmp_path, text))]
    assert [message.split(":")[0] for message in messages] == [
        "identity.slots.email.kind",
        "workflows.refund.title",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (REFUND_STEP, "      - use: refund_everything\n"),
        ("  tool: verify_identity\n", "  tool: refund_everything\n"),
        ("  use: create_ticket\n", "  use: refund_everything\n"),
    ],
)
def test_a_tool_that_nobody_has_is_named_with_its_line(tmp_path: Path, old: str, new: str) -> None:
    text = SHOP.replace(old, new, 1)
    path = written(tmp_path, text)
    [problem] = check_definition(path, TOOLS)
    assert str(problem) == f"{path}:{line_of(text, new)}: there is no tool 'refund_everything'"
    assert check_definition(path) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Input should be a valid dictionary"),
        (b"- a list\n", "Input should be a valid dictionary"),
        (b"name: \xff\xfe\n", "cannot be read"),
        (b"name: !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
        (b"#" * (LARGEST + 1), "larger than"),
    ],
)
def test_what_is_no_definition_at_all_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "agent.yaml"
    path.write_bytes(content)
    [problem] = check_definition(path)
    assert problem.line == 1
    assert reason in problem.message


def test_a_file_that_is_not_there_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    [problem] = check_definition(tmp_path / "nowhere.yaml", TOOLS)
    assert "cannot be read" in problem.message
