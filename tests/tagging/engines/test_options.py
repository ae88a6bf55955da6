"""What `minsheng tag` makes of the options of an engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from minsheng.cli.engine import dataset_place, ray_settings, tag_into_dataset
from minsheng.config.engines import RayConfig
from minsheng.config.schema import TagConfig
from minsheng.errors import ConfigError


def test_options_of_ray_need_ray() -> None:
    assert ray_settings("process", address=None, actors=None, gpus=None) is None
    found = ray_settings("ray", address="10.0.0.1:6379", actors=3, gpus=0.5)
    assert found == RayConfig(address="10.0.0.1:6379", actors=3, gpus=0.5)
    with pytest.raises(ConfigError, match="--ray-actors is of --engine ray"):
        ray_settings("process", address=None, actors=3, gpus=1.0)
    with pytest.raises(ConfigError, match="actors"):
        ray_settings("ray", address=None, actors=-1, gpus=None)


@pytest.mark.parametrize(
    ("paths", "out", "place"),
    [
        (["reports"], "out", None),
        (["C:/reports"], "D:/out", None),
        (["s3://bucket/reports"], "out", "out"),
        (["reports", "rows.PARQUET"], "out", "out"),
        (["reports"], "s3://bucket/out", "s3://bucket/out"),
    ],
)
def test_where_a_dataset_is_written(paths: list[str], out: str, place: str | None) -> None:
    assert dataset_place(paths, Path(out)) == place


def test_a_dataset_is_not_overwritten() -> None:
    options = {"model": "", "config": TagConfig(), "ray": RayConfig(), "quiet": True, "as_json": False}
    with pytest.raises(ConfigError, match="only grows"):
        tag_into_dataset(["a.parquet"], out=Path("out"), overwrite=True, **options)
    assert not tag_into_dataset(["a.txt"], out=Path("out"), overwrite=True, **options)
