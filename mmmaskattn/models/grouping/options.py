"""Options of grouping."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GroupingOptions:
    """How pixels are grouped into instances.

    Attributes:
        max_instances: K, the most instances of an image; the best seeds are kept.
        seed_threshold: a seed's score must be above it.
        duplicate_similarity: of two seeds whose embeddings have a greater cosine, the weaker one is dropped.
        similarity: cosine to its prototype that a pixel must exceed to belong to the instance.
        iterations: rounds in which a prototype becomes the mean embedding of its pixels.
        min_area: fewest pixels of an instance.
        temperature: tau of the soft assignment, softmax(cosine / tau).
        foreground: probability of being a thing that a pixel must exceed to belong to an instance.
        vote_sigma: standard deviation in pixels of the soft assignment by votes for centres.
        connectivity: 4 or 8, the neighbours of a pixel in connected components.
    """

    max_instances: int = 100
    seed_threshold: float = 0.1
    duplicate_similarity: float = 0.85
    similarity: float = 0.8
    iterations: int = 2
    min_area: int = 4
    temperature: float = 0.05
    foreground: float = 0.5
    vote_sigma: float = 2.0
    connectivity: int = 8

    def __post_init__(self) -> None:
        for name, lowest in (('max_instances', 1), ('iterations', 0), ('min_area', 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
                raise ValueError(f'grouping option {name} is {value!r}; expected a whole number of at least {lowest}')
        for name in ('temperature', 'vote_sigma'):
            if not getattr(self, name) >= 1e-3:
                raise ValueError(f'grouping option {name} is {getattr(self, name)!r}; expected a number from 0.001 up')
        for name in ('seed_threshold', 'foreground'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f'grouping option {name} is {getattr(self, name)!r}; expected a number from 0 to 1')
        for name in ('duplicate_similarity', 'similarity'):
            if not -1 <= getattr(self, name) <= 1:
                raise ValueError(f'grouping option {name} is {getattr(self, name)!r}; expected a cosine, -1 to 1')
        if self.connectivity not in (4, 8):
            raise ValueError(f'grouping option connectivity is {self.connectivity!r}; expected 4 or 8')
