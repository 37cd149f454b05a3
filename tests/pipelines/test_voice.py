"""Voice activity, probability by probability."""

from pipelines.voice import VoiceActivity, VoiceChange, VoiceThresholds

YES, NO = 0.9, 0.01


def changes(*probabilities: float) -> list[tuple[int, VoiceChange]]:
    activity = VoiceActivity(VoiceThresholds())
    heard = [(n, activity.hear(probability)) for n, probability in enumerate(probabilities)]
    return [(n, change) for n, change in heard if change is not None]


def test_voice_must_last_three_windows_to_begin_and_silence_three_to_end() -> None:
    assert changes(YES, YES, YES, YES, NO, NO, NO) == [(2, VoiceChange.STARTED), (6, VoiceChange.STOPPED)]


def test_silence_is_noticed_at_once_and_forgotten_when_the_voice_comes_back() -> None:
    activity = VoiceActivity(VoiceThresholds())
    silent = []
    for probability in (NO, YES, YES, YES, NO, YES, NO, NO, NO, NO, YES):
        activity.hear(probability)
        silent.append(activity.silent)
    assert silent == [True, True, True, False, True, False, True, True, True, True, True]


def test_a_click_is_no_voice() -> None:
    assert changes(YES, YES, NO, YES, YES, NO) == []


def test_a_weak_window_inside_a_word_does_not_end_it() -> None:
    assert changes(YES, YES, YES, 0.4, 0.4, 0.4, 0.4, YES) == [(2, VoiceChange.STARTED)]


def test_a_short_dip_does_not_end_it_either() -> None:
    assert changes(YES, YES, YES, NO, NO, YES, NO, NO, YES) == [(2, VoiceChange.STARTED)]


def test_what_is_too_weak_to_begin_never_begins() -> None:
    assert changes(*[0.45] * 50) == []
