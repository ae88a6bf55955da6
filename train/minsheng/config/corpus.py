"""Settings of the corpus tools. They stand beside `schema` (which is near its 300 lines): the same room, the
same rules, and no other place holds their defaults."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from minsheng.config.schema import BaselineConfig, Count, Number, Settings, _many


class CheckConfig(Settings):
    """From where on `minsheng corpus check` warns. Lengths in characters."""

    shortest: Annotated[Count, Field(ge=1)] = 10
    longest: Annotated[Count, Field(ge=1)] = 500  # passages of documents are cut at this length by default
    fewest: Annotated[Count, Field(ge=0)] = 20  # records of a domain in one file
    imbalance: Annotated[Number, Field(ge=1)] = 5.0  # most frequent domain : least frequent domain
    # Upper ends of the length classes of the table.
    lengths: Annotated[tuple[Count, ...], BeforeValidator(_many)] = (39, 79, 119, 159, 199, 299, 400)


class SelectionConfig(Settings):
    """Which passages `minsheng corpus select` proposes for labelling."""

    count: Annotated[Count, Field(ge=1)] = 100
    seed: Count = 13
    shortest: Annotated[Count, Field(ge=1)] = 20  # characters; a shorter passage is not worth a label
    pool: Annotated[Count, Field(ge=1)] = 20_000  # most uncertain passages; the choice is made among them
    characters: Annotated[Count, Field(ge=1)] = 2  # longest n-gram by which passages are compared


class SuspectsConfig(Settings):
    """How `minsheng corpus suspects` doubts labels."""

    folds: Annotated[Count, Field(ge=2)] = 5
    seed: Count = 13
    baseline: BaselineConfig = BaselineConfig()
