"""What every mesh of nodes does; the nodes are given connected and running."""

import asyncio

import pytest

from gateway.events import Message
from gateway.nodes.mesh import Mesh


class MeshContract:
    """`run(test)` of a subclass calls it with two nodes."""

    def run(self, test: object) -> None:
        raise NotImplementedError

    def test_the_one_that_knows_answers(self) -> None:
        async def test(one: Mesh, other: Mesh) -> None:
            async def knows(question: Message) -> Message | None:
                return {"age": 7} if question["who"] == "cat" else None

            other.serve("age", knows)
            assert await one.ask("age", {"who": "cat"}) == {"age": 7}
            assert await one.ask("age", {"who": "cat"}, other.node) == {"age": 7}
            assert await one.ask_all("age", {"who": "cat"}) == [{"age": 7}]

        self.run(test)

    def test_nobody_answers_what_nobody_knows(self) -> None:
        async def test(one: Mesh, other: Mesh) -> None:
            async def knows_nothing(question: Message) -> Message | None:
                return None

            other.serve("age", knows_nothing)
            assert await one.ask("age", {"who": "dog"}, within_s=0.2) is None
            assert await one.ask("size", {"who": "dog"}, within_s=0.2) is None
            assert list(await one.ask_all("age", {"who": "dog"})) == []

        self.run(test)

    def test_a_node_does_not_ask_itself(self) -> None:
        async def test(one: Mesh, other: Mesh) -> None:
            async def answers(question: Message) -> Message | None:
                return {"me": True}

            one.serve("age", answers)
            assert await one.ask("age", {}, within_s=0.2) is None

        self.run(test)

    def test_news_come_in_order(self) -> None:
        async def test(one: Mesh, other: Mesh) -> None:
            heard: list[int] = []
            all_there = asyncio.Event()

            async def hear(news: Message) -> None:
                heard.append(news["n"])
                if len(heard) == 200:
                    all_there.set()

            other.serve("news", hear)
            for number in range(100):
                one.tell("news", {"n": number})
                one.tell("news", {"n": number + 1_000}, other.node)
            async with asyncio.timeout(5):
                await all_there.wait()
            assert [n for n in heard if n < 1_000] == list(range(100))

        self.run(test)

    def test_a_question_whose_answer_fails_harms_nobody(self, caplog: pytest.LogCaptureFixture) -> None:
        async def test(one: Mesh, other: Mesh) -> None:
            async def answers(question: Message) -> Message | None:
                return {"fine": True}

            other.serve("fine", answers)
            assert one.node != other.node
            found = await asyncio.gather(*(one.ask("fine", {"n": n}) for n in range(50)))
            assert found == [{"fine": True}] * 50

        self.run(test)
