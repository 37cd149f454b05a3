"""`Passwords` without argon2, for tests in virtual time, where no thread can run."""


class PlainPasswords:
    def __init__(self) -> None:
        self.outdated = False
        self.compared: list[str | None] = []
        "What was compared with, in order."
        self._salt = 0

    async def hash(self, password: str) -> str:
        self._salt += 1
        return f"{self._salt}:{password}"

    async def matches(self, stored: str | None, password: str) -> bool:
        self.compared.append(stored)
        return stored is not None and stored.partition(":")[2] == password

    def is_outdated(self, stored: str) -> bool:
        return self.outdated
