from gateway.handoff.phrases import HandoffPhrases
from gateway.handoff.states import Sentence

SAYS = HandoffPhrases()


def test_there_are_words_for_every_sentence() -> None:
    words = [SAYS.of(sentence) for sentence in Sentence]
    assert all(words) and len(set(words)) == len(words)


def test_the_customers_learn_by_heart_what_customers_are_told() -> None:
    assert SAYS.customer_left not in SAYS.all()
    assert set(SAYS.all()) >= {SAYS.connecting, SAYS.lost_agent, SAYS.back, SAYS.coming}


def test_what_is_not_known_of_the_wait_is_not_said() -> None:
    assert SAYS.waiting(None, None) == SAYS.still_waiting
    assert SAYS.waiting(1, None) == f"{SAYS.still_waiting} You are next."
    assert (
        SAYS.waiting(3, 130)
        == f"{SAYS.still_waiting} You are number 3 in line. It should take about 2 minutes."
    )
    assert SAYS.waiting(2, 20).endswith("about 1 minute.")
    assert SAYS.waiting(2, 7_200) == f"{SAYS.still_waiting} You are number 2 in line.", "nobody can know that"
