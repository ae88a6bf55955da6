"""Tagging on a Ray cluster (`pip install "minsheng[ray]"`): Ray Data reads, tags and writes in a stream.

The windows of documents stand in a file (the plan). Slices of it are read, cleaned and split by tasks, tagged by a
pool of actors that hold the model, and put away by tasks. Ray holds back the reading where tagging is slower, and
does again what a lost worker or node had in hand; what is put away twice is the same. A window is tagged in the
batches of a single process.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsheng.config.engines import RayConfig
from minsheng.config.schema import TagConfig
from minsheng.errors import ConfigError, EngineError, MinshengError
from minsheng.tagging.engines.stages import Loading, Row, Store, TagStage, put_stage, read_stage
from minsheng.tagging.run import Counts
from minsheng.tagging.tagger import Tagger

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_DEDUP_LOGS_SKIP_REGEX": ".*"}
_ACTOR_SHARE = 0.9  # of its cores that an actor books; the rest is for the tasks, which are quick
_TASK_CORES = 0.1  # that a task books
# Bytes after which a task hands on what it has read: each work by itself. Where more of them were joined, those of a
# second reading, after a node was lost, could be joined in another way, and Ray would take one for another.
_BLOCK = 1


def tag_dataset(
    inputs: Sequence[str],
    *,
    model: str,
    out: str,
    config: TagConfig,
    ray: RayConfig | None = None,
    filesystem: FileSystem | None = None,
    load: Callable[[], Tagger] | None = None,
    progress: Callable[[Counts], None] | None = None,
) -> Counts:
    """Tag files, folders, and tables into Parquet: `tags/`, `documents/` and `failures/` below `out`.

    `inputs` and `out`: paths on `filesystem`, or without it local paths and URIs (`s3://bucket/folder`). Tables
    (.parquet, .jsonl, .csv, …) hold a document a row, in the text column of `config`. A row's key is its
    `document` and `model`: documents that an earlier run into `out` tagged with this model are left alone, also
    when their content changed since; those that failed are tried again. One run at a time may write into `out`.

    `load`: makes the tagger in a worker, by default from `model`, which all nodes must see at the same place.
    `progress` is called as work gets done. Returns the counts of this run. Raises ConfigError, ModelError,
    DataError (an input does not exist), EngineError.
    """
    from minsheng.modeling.shipped import shipped
    from minsheng.tagging.engines.dataset import DatasetStore

    settings = ray or RayConfig()
    folder = str(shipped(model) or model)
    tagger = (
        load or Loading(folder, config, settings.cores)
    )()  # here too: what is wrong with it is found first
    store = DatasetStore.open(
        inputs, out, model=tagger.fingerprint, domains=tagger.domains, config=config, filesystem=filesystem
    )
    total, rows = Counts(), store.write_plan()
    try:
        for total in tag_slices(rows, store, model=folder, config=config, ray=settings, load=load):
            if progress is not None:
                progress(total)
    finally:
        store.close()
    return total


def tag_slices(
    rows: Sequence[Row],
    store: Store,
    *,
    model: str,
    config: TagConfig,
    ray: RayConfig,
    load: Callable[[], Tagger] | None = None,
) -> Iterator[Counts]:
    """Have all slices of the plan tagged and put away; yields the counts so far.

    Raises EngineError, ConfigError, RunError.
    """
    counts = Counts()
    if not rows:
        return
    with _cluster(ray) as (library, data):
        actors = ray.actors or _room(library.cluster_resources(), ray)
        flow = data.from_items([{"slice": pickle.dumps(row)} for row in rows], override_num_blocks=len(rows))
        flow = flow.map_batches(
            read_stage, batch_size=1, batch_format="numpy", fn_kwargs={"store": store}, num_cpus=_TASK_CORES
        )
        flow = flow.map_batches(
            TagStage,
            batch_size=1,
            batch_format="numpy",
            fn_constructor_args=(load or Loading(model, config, ray.cores), config),
            compute=data.ActorPoolStrategy(
                min_size=1, max_size=actors, initial_size=actors, max_tasks_in_flight_per_actor=ray.ahead
            ),
            num_cpus=ray.cores * _ACTOR_SHARE,
            **({"num_gpus": ray.gpus} if ray.gpus else {}),
        )
        flow = flow.map_batches(
            put_stage, batch_size=1, batch_format="numpy", fn_kwargs={"store": store}, num_cpus=_TASK_CORES
        )
        try:
            for row in flow.iter_rows():
                counts.add({name: int(row[name]) for name in row})
                yield counts
        except library.exceptions.RayError as error:
            raise _understood(error) from error


def _understood(error: BaseException) -> MinshengError:
    """The error of ours that a worker raised, or what Ray says in one line."""
    seen: BaseException | None = error
    while seen is not None:
        cause = getattr(seen, "cause", None) or seen.__cause__
        if isinstance(seen, MinshengError):
            return seen
        seen = cause if isinstance(cause, BaseException) else None
    said = str(error).strip().splitlines()
    return EngineError(
        f"Ray gave up: {type(error).__name__}: {said[-1] if said else ''}; what is finished stays, "
        "start the same command again to go on"
    )


def _room(resources: dict[str, float], ray: RayConfig) -> int:
    """How many actors a cluster has room for."""
    by_cores = int(resources.get("CPU", 1) // ray.cores)
    by_gpus = int(resources.get("GPU", 0) / ray.gpus) if ray.gpus else by_cores
    if ray.gpus and not by_gpus:
        raise ConfigError(f"ray.gpus: {ray.gpus} for each actor, but the cluster has no GPU")
    return max(1, min(by_cores, by_gpus))


@contextmanager
def _cluster(settings: RayConfig) -> Iterator[tuple[Any, Any]]:
    """Ray and Ray Data, connected, quiet, without dashboard and telemetry. A cluster made here ends with it."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ConfigError(
            f'the engine ray needs its package: pip install "minsheng[ray]" ({error})'
        ) from error
    mine = not ray.is_initialized()
    if mine:
        _connect(ray, settings.address or os.environ.get("RAY_ADDRESS"))
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what it would say of an error is in the error
    context = ray.data.DataContext.get_current()
    kept = context.target_max_block_size, context.enable_progress_bars, context.print_on_execution_start
    context.target_max_block_size, context.enable_progress_bars = _BLOCK, False
    context.print_on_execution_start = False
    try:
        yield ray, ray.data
    finally:
        context.target_max_block_size, context.enable_progress_bars, context.print_on_execution_start = kept
        if mine:
            ray.shutdown()


def _connect(library: Any, address: str | None) -> None:
    """Raises ConfigError where there is no cluster at the address, EngineError where none can be started."""
    if address is not None:
        options: dict[str, Any] = {"address": address}
    else:
        options = {"address": "local", "include_dashboard": False}
    for last in (False, True):
        try:
            with _silence():
                library.init(log_to_driver=False, logging_level=logging.CRITICAL, **options)
            return
        except (ConnectionError, ValueError) as error:
            raise ConfigError(f"ray.address: {' '.join(str(error).split())[:300]}") from error
        except Exception as error:  # Ray has no name for it: a busy machine needs more than its 30 seconds
            library.shutdown()
            if last:
                raise EngineError(f"Ray does not start: {' '.join(str(error).split())[:300]}") from error


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing is written to standard error: Ray's part in C++ says there that it was told to say nothing."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
