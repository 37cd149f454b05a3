"""Voice activity, probability by probability."""

from pipelines.voice import EchoGate, Fading, Nearness, VoiceActivity, VoiceChange, VoiceThresholds

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


def test_a_voice_that_falls_away_is_faint_while_the_network_still_hears_it() -> None:
    fading = Fading()
    faint = []
    for level_db, probability in [
        (-60, 0.1),
        (-20, 0.99),
        (-22, 0.9),
        (-45, 0.9),
        (-45, 0.99),
        (-25, 0.9),
        (-50, 0.6),
    ]:
        fading.hear(level_db, probability)
        faint.append(fading.faint)
    assert faint == [False, False, False, True, False, False, True]


def test_a_click_is_no_voice() -> None:
    assert changes(YES, YES, NO, YES, YES, NO) == []


def test_a_weak_window_inside_a_word_does_not_end_it() -> None:
    assert changes(YES, YES, YES, 0.4, 0.4, 0.4, 0.4, YES) == [(2, VoiceChange.STARTED)]


def test_a_short_dip_does_not_end_it_either() -> None:
    assert changes(YES, YES, YES, NO, NO, YES, NO, NO, YES) == [(2, VoiceChange.STARTED)]


def test_what_is_too_weak_to_begin_never_begins() -> None:
    assert changes(*[0.45] * 50) == []


def test_voice_stirs_before_it_is_reported_and_no_longer_then() -> None:
    activity = VoiceActivity(VoiceThresholds())
    stirring = []
    for probability in (NO, YES, NO, YES, YES, YES, NO):
        activity.hear(probability)
        stirring.append(activity.stirring)
    assert stirring == [False, True, False, True, True, False, False]


def test_says_how_late_it_is_with_its_news() -> None:
    activity = VoiceActivity(VoiceThresholds(start_late_ms=110, stop_late_ms=180))
    late = []
    for probability in (YES, YES, YES, NO, NO, NO):
        if activity.hear(probability):
            late.append(activity.late_ms)
    assert late == [110, 180]


def taught() -> EchoGate:
    """A gate that has heard the caller at -20 dB."""
    gate = EchoGate()
    for _ in range(100):
        gate.passes(-20.0, YES)
        gate.passes(-60.0, NO)
    return gate


def test_while_we_speak_only_voice_as_loud_as_the_caller_passes() -> None:
    gate = taught()
    gate.speaking(True)
    assert [gate.passes(level, YES) for level in (-15.0, -20.0, -30.0, -45.0)] == [True, True, True, False]


def test_while_we_are_silent_a_caller_may_whisper() -> None:
    gate = taught()
    gate.speaking(False)
    assert gate.passes(-45.0, YES)


def test_our_last_words_come_back_when_we_have_fallen_silent() -> None:
    gate = taught()
    gate.speaking(True)
    for _ in range(EchoGate.TAIL_FRAMES - 1):
        gate.speaking(False)
    assert not gate.passes(-45.0, YES)
    gate.speaking(False)
    assert gate.passes(-45.0, YES)


def test_before_the_caller_has_spoken_everything_passes() -> None:
    gate = EchoGate()
    gate.speaking(True)
    assert gate.passes(-45.0, YES)


def test_our_own_voice_teaches_it_nothing() -> None:
    gate = taught()
    gate.speaking(True)
    for _ in range(1_000):
        gate.passes(-45.0, YES)
    assert not gate.passes(-45.0, YES)


def in_noise(noise_db: float, seconds: float = 4.0) -> Nearness:
    """Somebody who has heard noise for so long, 3 dB up and down."""
    nearness = Nearness()
    for n in range(int(seconds * 50)):
        nearness.hear(noise_db + (n % 7) - 3)
    return nearness


def speak(nearness: Nearness, level_db: float, frames: int) -> None:
    for _ in range(frames):
        nearness.judge(level_db, YES)
        nearness.hear(level_db)


def test_a_voice_is_near_that_stands_out_of_the_noise_and_no_other() -> None:
    for above_db, near in ((6.0, False), (9.0, False), (13.0, True), (30.0, True)):
        nearness = in_noise(-40.0)
        speak(nearness, -40.0 + above_db, 10)
        assert nearness.near is near


def test_a_loud_sound_that_is_no_voice_is_not_near() -> None:
    nearness = in_noise(-40.0)
    nearness.judge(-10.0, NO)
    assert not nearness.near


def test_in_a_silent_room_a_whisper_is_near() -> None:
    nearness = in_noise(-75.0)
    speak(nearness, -55.0, 5)
    assert nearness.near


def test_before_the_noise_is_known_every_voice_is_near() -> None:
    nearness = Nearness()
    speak(nearness, -60.0, 3)
    assert nearness.near


def test_a_long_utterance_is_not_taken_for_noise() -> None:
    nearness = in_noise(-60.0)
    for _ in range(4):
        speak(nearness, -35.0, 40)
        for _ in range(Nearness.GAP_FRAMES - 2):
            nearness.hear(-60.0)
        assert nearness.near, "nor forgotten in a pause"
    for _ in range(Nearness.GAP_FRAMES):
        nearness.hear(-60.0)
    assert not nearness.near


def test_a_noise_that_begins_is_known_within_seconds_even_where_voices_are_in_it() -> None:
    nearness = in_noise(-70.0)
    speak(nearness, -35.0, 500)
    for _ in range(Nearness.GAP_FRAMES):
        nearness.hear(-38.0)
    speak(nearness, -35.0, 10)
    assert not nearness.near
    speak(nearness, -20.0, 1)
    assert nearness.near
