"""Tagging on a Ray cluster of two nodes on this machine, one worker of which is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import EXAMPLES, made_records, write_jsonl
from minsheng.config.engines import RayConfig
from minsheng.config.schema import TagConfig
from minsheng.errors import ConfigError, DataError, RunError
from minsheng.tagging.engines.plan import missing_part, slice_plan, write_plan
from minsheng.tagging.engines.stages import Loading, PartsStore, Row, Work
from minsheng.tagging.run import join_parts, tag_parts
from minsheng.tagging.tagger import Tagger
from minsheng.workflows.tag import tag

pytest.importorskip("ray", reason='needs pip install "minsheng[ray]"')
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ray's local cluster is for Linux and macOS")
SMALL = TagConfig(window=2, threads=1, precision="no")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of two cores (which they only book) each."""
    # The workers must find this file.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    import ray
    from ray.cluster_utils import Cluster

    memory = {"object_store_memory": 80 << 20}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False, **memory})
    try:
        made.add_node(num_cpus=2, **memory)
        ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
        assert len(ray.nodes()) == 2
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def reports(folder: Path, count: int) -> Path:
    folder.mkdir()
    for n in range(count):
        text = "\n\n".join(pattern.format(n=n + 2, m=31 * n + 8) for pattern in EXAMPLES.values())
        (folder / f"{n:03d}.txt").write_text(text, "utf-8")
    (folder / "bad.docx").write_bytes(b"PK\x03\x04")
    return folder


@dataclass
class Killing:
    """Loads a tagger that kills the process it is in when it meets `word`, the first time."""

    load: Loading
    word: str
    marker: str

    def __call__(self) -> Tagger:
        tagger, true, word, marker = self.load(), Tagger.tag, self.word, self.marker

        def tag_or_die(texts: Sequence[str], **options: Any) -> Any:
            if any(word in text for text in texts):
                try:
                    os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    pass
                else:
                    os.kill(os.getpid(), signal.SIGKILL)
            return true(tagger, texts, **options)

        tagger.tag = tag_or_die  # type: ignore[method-assign]
        return tagger


@dataclass(frozen=True)
class KillingStore(PartsStore):
    """Kills the process that reads when it has handed on one part of a slice, the first time."""

    marker: str = ""

    def read(self, row: Row) -> Iterator[Work | dict[str, int]]:
        for number, found in enumerate(super().read(row)):
            if number == 1 and not Path(self.marker).exists():
                Path(self.marker).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield found


def test_killed_workers_lose_and_double_nothing(cluster: Any, model_directory: Path, tmp_path: Path) -> None:
    from minsheng.tagging.engines.ray import tag_slices

    folder = reports(tmp_path / "in", 16)
    write_jsonl(folder / "table.jsonl", made_records(80))  # 3 parts of 32 rows
    parts, whole, plan = tmp_path / "ray" / "parts", tmp_path / "one" / "parts", tmp_path / "plan.txt"
    assert write_plan(plan, [str(folder)], window=2, without=None) is None
    parts.mkdir(parents=True)
    word = EXAMPLES["education"].format(n=9, m=31 * 7 + 8)  # of the eighth file
    loader = Killing(Loading(str(model_directory), SMALL, 1), word, str(tmp_path / "killed"))
    rows = slice_plan(plan, most=4)  # several windows each
    assert 2 <= len(rows) <= 4 and sum(row["count"] for row in rows) == 10
    store = KillingStore(parts, SMALL, plan, Path.cwd(), str(tmp_path / "killed-reader"))
    ray = RayConfig(actors=2)
    *_, counts = tag_slices(rows, store, model=str(model_directory), config=SMALL, ray=ray, load=loader)
    assert (tmp_path / "killed").exists() and (tmp_path / "killed-reader").exists()
    assert (counts.documents, counts.passages, counts.failures) == (96, 176, 1)
    assert missing_part(plan, parts) is None
    tagger = Tagger.load(model_directory, precision="no", threads=1)
    list(tag_parts(tagger, [str(folder)], whole, config=SMALL))
    assert sorted(p.name for p in parts.iterdir()) == sorted(p.name for p in whole.iterdir())
    for stream in ("tags", "documents", "failures"):
        join_parts(parts, tmp_path / "a", stream)
        join_parts(whole, tmp_path / "b", stream)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != b""


def test_the_whole_run_is_that_of_one_process(cluster: Any, model_directory: Path, tmp_path: Path) -> None:
    folder = reports(tmp_path / "in", 6)
    kinds = {"one": None, "ray": RayConfig(actors=1)}
    for name, ray in kinds.items():
        done = tag([str(folder)], model=model_directory, out=tmp_path / name, config=SMALL, ray=ray)
        assert (done.documents, done.failures) == (6, 1)
    names = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert names == sorted(p.name for p in (tmp_path / "ray").iterdir()) and len(names) > 7
    for name in names:
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "one" / name).read_bytes(), name


def dataset(folder: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as parquet

    rows = [row for place in folder.glob("tags/*.parquet") for row in parquet.read_table(place).to_pylist()]
    return sorted(rows, key=lambda row: (row["document"], row["passage"]))


def test_a_dataset_grows_by_what_is_new(cluster: Any, model_directory: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet
    from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

    from minsheng.tagging.engines.ray import tag_dataset

    folder = reports(tmp_path / "in", 3)
    table = [{"id": row["id"], "text": row["text"]} for row in made_records(70)]
    parquet.write_table(pa.Table.from_pylist([*table, {"id": "none", "text": None}]), folder / "rows.parquet")
    write_jsonl(folder / "lines.jsonl", table[:5])
    system = SubTreeFileSystem(str(tmp_path), LocalFileSystem())  # as an object store: paths of its own

    def run(**changes: Any) -> Any:
        return tag_dataset(
            ["in"], model=str(model_directory), out="out", config=SMALL, ray=RayConfig(actors=1),
            filesystem=system, **changes,
        )  # fmt: skip

    seen: list[int] = []
    done = run(progress=lambda counts: seen.append(counts.documents))
    assert (done.documents, done.passages, done.failures) == (78, 93, 2) and seen[-1] == 78
    first = dataset(tmp_path / "out")
    assert {row["document"] for row in first} >= {"in/000.txt", "in/rows.parquet#r0", "in/lines.jsonl#r4"}

    # Rows of the table with the same text have the same tags as in a run of one process.
    tag([str(folder / "lines.jsonl")], model=model_directory, out=tmp_path / "one", config=SMALL)
    lines = [json.loads(line) for line in (tmp_path / "one" / "tags.jsonl").read_text("utf-8").splitlines()]
    mine = [row for row in first if row["document"].startswith("in/lines.jsonl#")]
    assert [row | {"document": 0} for row in lines] == [row | {"document": 0} for row in mine] and mine

    (tmp_path / "out" / "tags" / "left.parquet").write_bytes(b"PAR1")  # of a run that was stopped
    (folder / "000a.txt").write_text("新建小学两所，招聘教师三十名。", "utf-8")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "documents").iterdir()}
    done = run()
    assert (done.documents, done.failures) == (1, 2)  # failures are tried again
    assert all(p.stat().st_mtime_ns == stamp for p, stamp in before.items())
    keys = [(row["document"], row["passage"], row["model"]) for row in dataset(tmp_path / "out")]
    assert len(set(keys)) == len(keys) == len(first) + 1
    assert not [p for p in (tmp_path / "out").iterdir() if p.name.startswith(".")]


def test_errors_of_workers_are_ours(cluster: Any, model_directory: Path, tmp_path: Path) -> None:
    from minsheng.tagging.engines.ray import tag_dataset, tag_slices

    folder = reports(tmp_path / "in", 1)
    ray = RayConfig(actors=1)
    with pytest.raises(DataError, match="nowhere: no such file"):
        tag_dataset(
            [str(tmp_path / "nowhere")], model=str(model_directory), out=str(tmp_path / "d"), config=SMALL
        )
    with pytest.raises(ConfigError, match="no GPU"):
        list(tag_slices([{}], PartsStore(tmp_path, SMALL, tmp_path, tmp_path), model="", config=SMALL,
                        ray=RayConfig(gpus=1.0)))  # fmt: skip
    plan = tmp_path / "plan.txt"
    write_plan(plan, [str(folder)], window=2, without=None)
    place = tmp_path / "parts" / ("0" * 14)
    place.mkdir(parents=True)
    (place / "part.json").write_text('{"unit": "other"}', "utf-8")
    store, rows = PartsStore(tmp_path / "parts", SMALL, plan, tmp_path), slice_plan(plan)
    with pytest.raises(RunError, match="the input changed since this run began"):
        list(tag_slices(rows, store, model=str(model_directory), config=SMALL, ray=ray))
