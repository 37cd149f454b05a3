from gateway import session as sessions


def test_a_session_is_opened_by_its_own_token_only() -> None:
    one, token = sessions.begin("chat", 1.0)
    other, other_token = sessions.begin("chat", 1.0)
    assert sessions.opens(one, token)
    assert not sessions.opens(one, other_token)
    assert not sessions.opens(other, token)
    assert not sessions.opens(one, "")
    assert not sessions.opens(one, "naïve 😀")


def test_nobody_opens_a_session_that_is_not_there() -> None:
    assert not sessions.opens(None, "anything")
    assert not sessions.opens(None, "")


def test_the_token_is_not_in_the_record() -> None:
    session, token = sessions.begin("voice", 1.0)
    assert token not in repr(session)
    assert len(token) >= 43, "256 bits"
    assert session.session_id != sessions.begin("voice", 1.0)[0].session_id
