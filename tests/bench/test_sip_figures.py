"""What runs of `bench sip` are told as: limits, peers, and what was not carried."""

from dataclasses import replace

from bench.figures import Figure
from bench.sip_figures import FLOOR, OURS, Outcome, Step, memory_kb, told

STEP = Step(
    calls=100,
    up=100,
    cpu=0.1,
    rss_mb=50.0,
    late_p50_ms=0.5,
    late_p99_ms=4.0,
    late_max_ms=9.0,
    very_late=0.0,
    missing=0.0,
    delay_p50_ms=25.0,
    delay_p99_ms=30.0,
    marks=1_000,
    callers_cpu=0.2,
    caller_late_p99_ms=0.3,
)
COUNTS = (100, 200)


def steps(cpu_per_call: float, delay_ms: float = 25.0) -> list[Step]:
    """Steps of a system; each call costs so much and 30 kB."""
    return [
        replace(
            STEP,
            calls=calls,
            up=calls,
            cpu=calls * cpu_per_call,
            rss_mb=50 + calls * 0.03,
            delay_p50_ms=delay_ms,
            delay_p99_ms=delay_ms + 5,
        )
        for calls in COUNTS
    ]


def outcome(ours: float = 0.001, peer: float = 0.002, delay_ms: float = 25.0) -> Outcome:
    systems = {FLOOR: steps(0.0004, 1.0), OURS: steps(ours, delay_ms), "peer": steps(peer, 80.0)}
    return Outcome(systems, timer_p99_ms=0.4)


def by_name(outcomes: list[Outcome]) -> dict[tuple[str, str], Figure]:
    return {(figure.name, figure.system): figure for figure in told(outcomes, COUNTS)}


def test_cpu_is_held_against_the_cheapest_peer_of_the_same_runs() -> None:
    runs = [outcome(0.001), outcome(0.0012), outcome(0.003)]
    for run in runs:
        run.steps["dear peer"] = steps(0.004)
    found = by_name(runs)
    per_call = found["CPU per call", OURS]
    assert (per_call.value, per_call.limit, per_call.holds) == (0.12, "<= 0.6 x peer", True)
    assert per_call.runs == (0.1, 0.12, 0.3)
    assert found["CPU of 200 calls", OURS].value == 24
    assert found["CPU of 200 calls", OURS].holds
    assert found["CPU of 100 calls", OURS].limit == ""
    assert not by_name([outcome(0.0016)])["CPU of 200 calls", OURS].holds
    assert by_name([outcome(0.0013)])["CPU per call", OURS].holds is False


def test_the_bare_echo_is_no_peer() -> None:
    alone = Outcome({FLOOR: steps(0.0004), OURS: steps(0.001)}, {"peer": "no network"})
    found = by_name([alone])
    assert (found["CPU per call", OURS].limit, found["CPU per call", OURS].holds) == ("", None)
    assert (found["CPU per call", "peer"].value, found["CPU per call", "peer"].note) == (None, "no network")


def test_delay_is_what_comes_on_top_of_the_bare_echo() -> None:
    found = by_name([outcome(delay_ms=25.0), outcome(delay_ms=29.0)])
    added = found["delay added at 200 calls, p50", OURS]
    assert (added.value, added.limit, added.holds) == (26, "<= 30", True)
    assert found["delay added at 200 calls, p99", "peer"].value == 84 - 5
    assert ("delay added at 200 calls, p50", FLOOR) not in found
    assert by_name([outcome(delay_ms=32.0)])["delay added at 200 calls, p50", OURS].holds is False


def test_lateness_is_held_to_its_limit_at_200_calls() -> None:
    found = by_name([outcome()])
    late = found["packets late at 200 calls, p99", OURS]
    assert (late.value, late.limit, late.holds) == (4.0, "<= 10", True)
    assert found["packets late at 100 calls, p99", OURS].limit == ""


def test_a_step_that_was_too_much_gives_no_figures() -> None:
    run = outcome()
    few, many = run.steps["peer"]
    for broken in (replace(many, cpu=0.99), replace(many, up=150), replace(many, missing=0.05)):
        assert not broken.carried
        run.steps["peer"] = [few, broken]
        found = by_name([run])
        assert (found["CPU of 200 calls", "peer"].value, found["CPU of 200 calls", "peer"].note) == (
            None,
            "not carried",
        )
        assert found["CPU per call", "peer"].value == 0.2
        assert found["memory per further call", "peer"].value is None


def test_memory_is_what_a_further_call_adds() -> None:
    assert round(memory_kb(steps(0.001)) or 0) == 30
    assert memory_kb(steps(0.001)[:1]) is None


def test_the_machines_own_lateness_is_told() -> None:
    assert by_name([outcome()])["timers late without calls, p99", FLOOR].value == 0.4
