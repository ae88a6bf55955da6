"""Settings of the pages; like `schema`, the only place of their defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from minsheng.config.schema import Count, Settings, Share


class TagsPageConfig(Settings):
    """The page of a tagging run. Nothing here changes a tag."""

    lang: Literal["zh", "en"] = "zh"
    passages: Annotated[Count, Field(ge=1)] = 50_000  # in one file; a larger run is read in several
    seed: Count = 13
    resamples: Annotated[Count, Field(ge=1)] = 2000  # for the intervals of the corrected shares
    level: Annotated[Share, Field(gt=0, lt=1)] = 0.95
