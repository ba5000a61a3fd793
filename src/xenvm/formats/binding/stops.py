"""Where the reader stops on its way through a class's element, and what it reads there."""

from __future__ import annotations

from dataclasses import dataclass, field

from .plan import Binding, Choice, Plan


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to be read at a stop.

    Attributes:
        index: The number of the field that it is read for.
        binding: How it is read.
    """

    index: int
    binding: Binding


@dataclass(slots=True)
class Stop:
    """An element on the reader's way.

    Attributes:
        attributes: What is read from its attributes, by their names.
        sights: What is read from its text, or from the whole of it.
        keep: Under which number the element is kept for a choice; None for no choice.
        below: The stops below it, by tag.
    """

    attributes: dict[str, Sight] = field(default_factory=dict)
    sights: list[Sight] = field(default_factory=list)
    keep: int | None = None
    below: dict[str, Stop] = field(default_factory=dict)

    def at(self, path: tuple[str, ...]) -> Stop:
        """Return the stop at ``path`` below this one."""
        stop = self
        for tag in path:
            stop = stop.below.setdefault(tag, Stop())
        return stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is read when another field has decided for it.

    Attributes:
        by: The number of the field that decides.
        word: Its value in this case.
        keep: The number of the element that is then read.
        sight: What is read from it.
    """

    by: int
    word: str
    keep: int
    sight: Sight


@dataclass(slots=True)
class Way:
    """How the reader goes through a class's element.

    Attributes:
        start: The element itself.
        cases: What is decided when all elements have been seen.
        kept: How many elements are kept until then.
    """

    start: Stop = field(default_factory=Stop)
    cases: list[Case] = field(default_factory=list)
    kept: int = 0

    def add(self, sight: Sight) -> None:
        """Add what is read for a field, and where else it may stand.

        Raises:
            TypeError: The class has two fields in one attribute.
        """
        binding = sight.binding
        stop = self.start.at(binding.path)
        if binding.attribute is None or binding.many:
            stop.sights.append(sight)
        elif binding.attribute in stop.attributes:
            raise TypeError(f"two fields are read from the attribute {binding.attribute}")
        else:
            stop.attributes[binding.attribute] = sight
        if binding.mirror:
            self.add(Sight(sight.index, binding.mirror))

    def add_choice(self, index: int, choice: Choice) -> None:
        """Add a field whose place another decides."""
        for word, binding in choice.cases.items():
            stop = self.start.at(binding.path)
            if stop.keep is None:
                stop.keep = self.kept
                self.kept += 1
            sight = Sight(index, binding)
            self.cases.append(Case(by=choice.by, word=word, keep=stop.keep, sight=sight))


def survey(plan: Plan) -> Way:
    """Return the way through a class's element."""
    way = Way()
    for index, place in enumerate(plan.places):
        if isinstance(place, Choice):
            way.add_choice(index, place)
        else:
            way.add(Sight(index, place))
    return way
