"""Who sits in on a call: supervisors in each of their modes, and colleagues who are asked."""

from gateway.room import Mode, Role
from tests import virtual_time
from tests.fakes.scripted_leg import ScriptedLeg
from tests.gateway.joined import meeting, ticks, who


def test_a_supervisor_hears_all_and_is_heard_as_their_mode_says() -> None:
    async def main() -> None:
        async with meeting(8_000) as met:
            await met.bridged()
            supervisor = await met.join(Role.SUPERVISOR)
            for mode in (Mode.MONITOR, Mode.WHISPER, Mode.BARGE):
                met.room.supervise(supervisor, mode)
                barging = {"supervisor"} if mode is Mode.BARGE else set()
                whispering = {"supervisor"} if mode is not Mode.MONITOR else set()
                assert await met.heard("customer") == {"human"} | barging
                assert await met.heard("human") == {"customer"} | whispering
                assert await met.heard("supervisor") == {"customer", "human"}
            met.room.hold(True)
            assert await met.heard("supervisor") == {"customer", "human"}
            assert await met.heard("customer") == {"supervisor"}, "somebody talks with them: no music"
            met.room.supervise(supervisor, "whisper")
            assert await met.heard("customer") == {"music"}

    virtual_time.run(main())


def test_who_is_consulted_and_the_human_hear_each_other_and_the_customer_hears_music() -> None:
    async def main() -> None:
        async with meeting(8_000) as met:
            human = await met.bridged()
            met.room.hold(True)
            colleague = await met.join(Role.SUPERVISOR, "other")
            met.room.supervise(colleague, Mode.CONSULT)
            assert await met.heard("customer", 200) == {"music"}
            assert await met.heard("human") == {"other"}
            assert await met.heard("other") == {"human"}
            await met.join(Role.SUPERVISOR)
            assert await met.heard("supervisor") == {"customer", "human", "other"}
            met.room.mute(human, True)
            assert await met.heard("other") == set()
            met.room.leave(colleague)
            met.room.mute(human, False)
            met.room.hold(False)
            assert await met.heard("human") == {"customer"}
            assert await met.heard("customer") == {"human"}
            assert await met.heard("other") == set()

    virtual_time.run(main())


def test_a_supervisor_hears_the_bot_as_the_customer_does_and_cannot_talk_over_it() -> None:
    async def main() -> None:
        async with meeting() as met:
            port = met.bot()
            supervisor = await met.join(Role.SUPERVISOR)
            met.room.supervise(supervisor, Mode.BARGE)
            assert await met.heard("supervisor") == {"customer", "bot"}
            assert await met.heard("customer") == {"bot"}
            dropped = port.clear()
            at = len(met.legs["supervisor"].heard)
            assert dropped >= 200
            await ticks(4)
            assert who(met.legs["supervisor"].heard[at + 2]) == {"customer"}, "what was taken back"

    virtual_time.run(main())


def test_a_supervisor_takes_over_from_the_bot_and_from_a_human() -> None:
    async def main() -> None:
        async with meeting() as met:
            met.bot()
            supervisor = await met.join(Role.SUPERVISOR)
            await met.join(Role.HUMAN)
            assert await met.room.take_over(supervisor)
            assert supervisor.role is Role.HUMAN
            assert await met.heard("customer") == {"supervisor"}
            assert await met.heard("supervisor") == {"customer"}
            assert await met.heard("human") == set()

    virtual_time.run(main())


def test_who_cannot_take_over_stays_a_supervisor() -> None:
    async def main() -> None:
        async with meeting() as met:
            met.bot()
            dead = await met.room.join(Role.SUPERVISOR, ScriptedLeg("dead"))
            assert not await met.room.take_over(dead)
            assert dead.role is Role.SUPERVISOR
            assert await met.heard("customer") == {"bot"}

    virtual_time.run(main())


def test_two_supervisors_hear_each_other_and_the_customer_only_who_barges_in() -> None:
    async def main() -> None:
        async with meeting() as met:
            await met.bridged()
            await met.join(Role.SUPERVISOR)
            other = await met.join(Role.SUPERVISOR, "other")
            met.room.supervise(other, Mode.WHISPER)
            assert await met.heard("supervisor") == {"customer", "human", "other"}
            assert await met.heard("human") == {"customer", "other"}
            assert await met.heard("customer") == {"human"}

    virtual_time.run(main())
