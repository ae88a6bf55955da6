"""Settings of the engines that carry tagging over many machines. They change no tag."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from minsheng.config.schema import Count, Number, Settings, Text


class RayConfig(Settings):
    """Tagging on a Ray cluster."""

    address: Text | None = None  # of a running cluster; None: RAY_ADDRESS, or else one on this machine alone
    actors: Annotated[Count, Field(ge=0)] = (
        0  # processes that hold the model; 0: as many as there is room for
    )
    cores: Annotated[Count, Field(ge=1)] = 1  # and threads of each of these
    gpus: Annotated[Number, Field(ge=0)] = 0.0  # GPUs of each of these; 0.5: two share one
    ahead: Annotated[Count, Field(ge=1)] = 2  # parts that wait for each of these: what is held in memory
