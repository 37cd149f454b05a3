"""Parameters of header fields."""

import pytest

from gateway.sip import parameters
from gateway.sip.parameters import Parameters


def test_parameters_with_and_without_values() -> None:
    read = Parameters.parse(' ;tag=a%41; lr ;\tQ = "0;5" ;empty=')
    assert dict(read) == {"tag": "a%41", "lr": None, "q": "0;5", "empty": ""}
    assert len(read) == 4


def test_the_first_of_a_name_counts() -> None:
    assert Parameters.parse(";tag=a;TAG=b")["tag"] == "a"


def test_a_name_that_python_uses_is_a_name() -> None:
    assert dict(Parameters.parse(";self=1;values=2")) == {"self": "1", "values": "2"}


@pytest.mark.parametrize(
    "text", [";", ";;", ";=a", ";a;", "a", ';a="b', ";a=b=c;d,", ";a b", ';a="b"c', ";a=<b>"]
)
def test_what_are_no_parameters(text: str) -> None:
    with pytest.raises(ValueError):
        Parameters.parse(text)


@pytest.mark.parametrize("name", [";a", ";a{}"])
def test_there_is_an_end_of_them(name: str) -> None:
    few, many = ("".join(name.format(i) for i in range(n)) for n in (63, 64))
    assert "a" in Parameters.parse(few) or "a0" in Parameters.parse(few)
    with pytest.raises(ValueError):
        Parameters.parse(many)


def test_they_are_written_so_that_they_mean_the_same() -> None:
    made = Parameters(tag="a+b", received="2001:db8::1", rport=None, text='say "hi"', empty="")
    assert str(made) == ';tag=a+b;received=2001:db8::1;rport;text="say \\"hi\\"";empty=""'
    assert Parameters.parse(str(made)) == made


def test_a_changed_copy_leaves_the_original() -> None:
    made = Parameters(a="1", b=None)
    assert dict(made.replace(b="2", c="3")) == {"a": "1", "b": "2", "c": "3"}
    assert dict(made) == {"a": "1", "b": None}


def test_scanning_stops_where_the_parameters_do() -> None:
    text = "x;a=1 ;b, y"
    read, end = parameters.scan(text, 1)
    assert dict(read) == {"a": "1", "b": None}
    assert text[end:] == ", y"


@pytest.mark.parametrize("value", ["ZmY3Mw==", "a/b@c:5060", "[2001:db8::1]", "~!*'()", "100%"])
def test_what_came_without_quotes_goes_out_without(value: str) -> None:
    read = Parameters.parse(f";tag={value}")
    assert str(read.replace(x=None)) == f";tag={value};x"


@pytest.mark.parametrize("value", ["a b", "a;b", "a,b", "<a>", 'a"b', "a\\b", "ä", ""])
def test_what_needs_quotes_has_them(value: str) -> None:
    made = Parameters(a=value)
    assert str(made).startswith(';a="')
    assert Parameters.parse(str(made)) == made
