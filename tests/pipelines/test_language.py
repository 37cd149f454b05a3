import pytest

from pipelines.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I want to know where my order is", "en"),
        ("Wo ist meine Bestellung? Ich habe sie noch nicht bekommen", "de"),
        ("¿Dónde está mi pedido? No puedo encontrarlo en la cuenta", "es"),
        ("Où est ma commande ? Je ne peux pas me connecter avec mon compte", "fr"),
        ("Non so dove è il mio ordine, vorrei una risposta per favore", "it"),
        ("Não sei onde está o meu pedido, quero uma resposta", "pt"),
        ("Waar is mijn bestelling? Ik wil graag weten wanneer het komt", "nl"),
        ("Где мой заказ?", "ru"),
        ("我的订单在哪里", "zh"),
        ("注文はどこですか", "ja"),
        ("أين طلبي", "ar"),
    ],
)
def test_small_words_and_scripts_tell_the_language(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", "10437", "ok", "no", "Zürich", "maya@example.com", "???", "x" * 10_000])
def test_of_little_nothing_is_guessed(text: str) -> None:
    assert language_of(text) is None
