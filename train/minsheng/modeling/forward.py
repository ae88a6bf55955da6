"""What computes logits: PyTorch on any device, or OpenVINO, which is faster on CPUs.

`load_forward` takes the fastest that is safe on this machine. int8 is safe only for a model whose directory
says that its labels were compared: see `minsheng.modeling.guard`.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from minsheng.errors import ModelError
from minsheng.modeling.network import UnsupportedError, build_network, group_size, load_openvino
from minsheng.modeling.precision import (
    choose_precision,
    cpu_has_bf16,
    cpu_has_int8,
    has_gpu,
    make_accelerator,
)

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from numpy.typing import NDArray

    from minsheng.modeling.guard import Guard

log = logging.getLogger(__name__)

_NAMES = {"no": "float32"}
_HINTS = {"no": "f32", "bf16": "bf16", "int8": "bf16"}
_CPU_TOKENS, _GPU_TOKENS = 2048, 32768  # in a batch: activations of this many tokens stay in a CPU's cache
_STREAMS = (
    4  # batches at once on a CPU, the threads dealt over them: 3 to 8 % faster than both threads on one
)


class Forward(Protocol):
    """A loaded classifier. `name` says what computes, and how.

    `batch_tokens`: where it is fastest. `at_once`: calls that may run at the same time, each in a thread.
    """

    name: str
    batch_tokens: int
    at_once: int

    def __call__(self, ids: NDArray[Any], mask: NDArray[Any]) -> NDArray[np.float32]:
        """Logits (batch, labels) of token ids and attention mask, both (batch, sequence)."""


class TorchForward:
    """A PyTorch model on the device and in the precision of an Accelerator."""

    at_once = 1

    def __init__(self, model: torch.nn.Module, accelerator: Accelerator) -> None:
        self._model, self._accelerator = model.to(accelerator.device), accelerator
        on_cpu = accelerator.device.type == "cpu"
        self.batch_tokens = _CPU_TOKENS if on_cpu else _GPU_TOKENS
        precision = str(accelerator.mixed_precision)
        self.name = f"PyTorch {_NAMES.get(precision, precision)} on {accelerator.device.type}"

    def __call__(self, ids: NDArray[Any], mask: NDArray[Any]) -> NDArray[np.float32]:
        """See `Forward`."""
        import torch

        device, training = self._accelerator.device, self._model.training
        self._model.eval()
        with torch.inference_mode(), self._accelerator.autocast():
            found = self._model(
                input_ids=torch.from_numpy(ids).to(device), attention_mask=torch.from_numpy(mask).to(device)
            )
        self._model.train(training)
        logits: NDArray[np.float32] = found.logits.float().cpu().numpy()
        return logits


class OpenVinoForward:
    """The network of a model directory, compiled for this CPU. Raises UnsupportedError."""

    batch_tokens = _CPU_TOKENS

    def __init__(self, folder: Path, *, precision: str, threads: int, max_tokens: int) -> None:
        openvino = load_openvino()
        network = build_network(folder, int8=precision == "int8", max_tokens=max_tokens)
        threads = threads or _cores()
        self.at_once = min(threads, _STREAMS)
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision] if cpu_has_bf16() else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": self.at_once,
            "ENABLE_CPU_PINNING": False,  # several processes would all take the first cores
        }
        if precision == "int8":
            options["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = group_size(folder)
        compiled = openvino.Core().compile_model(network, "CPU", options)
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(self.at_once):
            self._idle.put(compiled.create_infer_request())
        self.name = f"OpenVINO {_NAMES.get(precision, precision)} on cpu"

    def __call__(self, ids: NDArray[Any], mask: NDArray[Any]) -> NDArray[np.float32]:
        """See `Forward`."""
        request = self._idle.get()
        try:
            found = request.infer([ids.astype(np.int32), mask.astype(np.int32)], share_inputs=True)
            logits: NDArray[np.float32] = next(iter(found.values())).astype(np.float32)
        finally:
            self._idle.put(request)
        return logits


def _cores() -> int:
    """What OMP_NUM_THREADS says, as for torch: launchers deal the cores over their processes by it.

    Else the physical cores that this process may use: matrix products gain nothing from two threads on a core.
    """
    import psutil

    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, psutil.cpu_count(logical=False) or usable))


def choose_on_cpu(wanted: str, guard: Guard | None) -> str:
    """A precision for OpenVINO here. Raises ModelError where int8 is asked for and not safe."""
    refusal = "the model was not compared in int8" if guard is None else guard.refusal()
    if refusal is None and not cpu_has_int8():
        refusal = "this processor has no exact int8 products"
    if wanted == "int8" and refusal:
        raise ModelError(f"int8: refused: {refusal}; choose precision auto, bf16 or no")
    if wanted != "auto":
        return wanted
    if refusal:
        log.info("int8 is not used: %s", refusal)
    return "bf16" if refusal and cpu_has_bf16() else "no" if refusal else "int8"


def load_forward(
    folder: Path,
    *,
    precision: str,
    threads: int,
    max_tokens: int,
    guard: Guard | None,
    accelerator: Accelerator | None = None,
) -> Forward:
    """The fastest safe way to compute a model directory here.

    `precision`: auto, no (float32), bf16, fp16, int8. `accelerator`: of a launch with several processes.
    Raises ModelError.
    """
    on_cpu = accelerator.device.type == "cpu" if accelerator is not None else not has_gpu()
    if precision == "int8" or (on_cpu and precision != "fp16"):
        chosen = choose_on_cpu(precision, guard)
        try:
            forward: Forward = OpenVinoForward(
                folder, precision=chosen, threads=threads, max_tokens=max_tokens
            )
        except UnsupportedError as error:
            if precision == "int8":
                raise ModelError(f"int8: {error}") from error
            log.info("PyTorch computes: %s", error)
        else:
            log.info("%s", forward.name)
            return forward
    from minsheng.modeling.model import load_classifier

    if threads:
        import torch

        torch.set_num_threads(threads)
    forward = TorchForward(
        load_classifier(folder), accelerator or make_accelerator(precision=choose_precision(precision))
    )
    log.info("%s", forward.name)
    return forward
