"""The form in which a catalog holds its sentences."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plural:
    """A sentence in two forms; the parameter named `count` chooses. Languages with more forms add fields."""

    one: str
    other: str
    count: str = "count"

    def form(self, name: str) -> str:
        return self.one if name == "one" else self.other

    def forms(self) -> tuple[str, ...]:
        return (self.one, self.other)


Entry = str | Plural
