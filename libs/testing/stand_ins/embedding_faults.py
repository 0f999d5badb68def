"""What can go wrong when texts are turned into vectors, by name, for every kind of server."""

import asyncio
from dataclasses import dataclass

from libs.testing.stand_ins.embeddings import vector_of
from libs.testing.stand_ins.http_wire import Connection

#: name: what happens. `name:argument` sets seconds (`slow`) or a number (`dimension`).
FAULTS = {
    "404": "the model is not there",
    "400": "the model makes no vectors",
    "401": "the key is not taken",
    "500": "the runner died",
    "503": "the queue is full",
    "slow": "an answer after so many seconds",
    "reset": "TCP reset",
    "fin": "closed without an answer",
    "not-json": "a page for people",
    "garbage": "JSON of another shape",
    "dimension": "vectors of another length",
    "uneven": "vectors of different lengths",
    "fewer": "one vector less than texts",
    "empty": "vectors without numbers",
    "nan": "NaN among the numbers",
    "infinite": "a number that is too large",
    "zero": "nothing but zeros",
    "words": "words among the numbers",
}
STATUSES = {"404": 404, "400": 400, "401": 401, "500": 500, "503": 503}


@dataclass(frozen=True)
class MetEmbedding:
    """A fault that one request meets; an empty name: none."""

    name: str = ""
    argument: str = ""

    @classmethod
    def parse(cls, text: str) -> "MetEmbedding":
        name, _, argument = text.partition(":")
        assert not name or name in FAULTS, f"no fault of embeddings is called {name}"
        return cls(name, argument)

    async def before(self, connection: Connection) -> bool:
        """True when there is nothing more to be answered."""
        match self.name:
            case "slow":
                await asyncio.sleep(float(self.argument or 1))
            case "reset":
                connection.reset()
            case "fin":
                await connection.close()
            case "not-json":
                await connection.answer(200, b"<html>Log in first</html>", "text/html")
        return self.name in ("reset", "fin", "not-json")

    def vectors(self, texts: list[str], dimension: int) -> list[list[object]]:
        if self.name == "dimension":
            dimension = int(self.argument or dimension // 2)
        found: list[list[object]] = [list(vector_of(text, dimension)) for text in texts]
        match self.name:
            case "uneven":
                found[-1] = found[-1][: dimension // 2]
            case "fewer":
                found.pop()
            case "empty":
                found = [[] for _ in found]
            case "nan":
                found[-1][3] = float("nan")
            case "infinite":
                found[-1][3] = float("inf")
            case "zero":
                found = [[0.0] * dimension for _ in found]
            case "words":
                found[-1][3] = "much"
        return found
