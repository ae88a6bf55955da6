"""Texts → tags: labels, calibrated probabilities, evidence, and whether a person should look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minsheng.documents.clean import clean_text
from minsheng.documents.sentences import sentences
from minsheng.modeling.batches import Ids, TextTokenizer, encode
from minsheng.modeling.calibration import probabilities
from minsheng.modeling.directory import ModelInfo, fingerprint, load_text_tokenizer, open_directory
from minsheng.modeling.familiarity import load_familiarity
from minsheng.modeling.forward import Forward, load_forward
from minsheng.modeling.inference import predict_logits
from minsheng.modeling.shipped import TAGGER

if TYPE_CHECKING:
    from accelerate import Accelerator
    from numpy.typing import NDArray

# Text outside what the model learnt on is for a person to look at.
_LEAST_CHINESE = 0.3  # share of Chinese characters among all that are not space
_MOST_UNKNOWN = 0.2  # share of tokens that the vocabulary does not have


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentence `text[start:end]` that speaks most for `label`; `score` is its own probability."""

    label: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Tag:
    """What the model says of one text. `scores` has every domain, in taxonomy order."""

    labels: tuple[str, ...]
    scores: dict[str, float]
    evidence: tuple[Evidence, ...]
    decision: str  # auto | review


class Tagger:
    """A loaded model that tags texts. Made by `Tagger.load`."""

    def __init__(
        self,
        forward: Forward,
        tokenizer: TextTokenizer,
        info: ModelInfo,
        *,
        folder: Path,
        batch_tokens: int = 0,
        accelerator: Accelerator | None = None,
    ) -> None:
        self.info = info
        self.folder = folder
        self.fingerprint = fingerprint(folder)
        self._familiarity = load_familiarity(folder)
        self.computed_by = forward.name
        self._forward = forward
        self._tokenizer = tokenizer
        self._accelerator = accelerator
        self._batch_tokens = batch_tokens or forward.batch_tokens

    @classmethod
    def load(
        cls,
        model: str | Path = TAGGER,
        *,
        precision: str = "auto",
        threads: int = 0,
        batch_tokens: int = 0,
        accelerator: Accelerator | None = None,
    ) -> Tagger:
        """Load a model directory, or by default the tagger that ships.

        `precision`: no (float32), bf16, fp16, int8, or auto: what is fastest here and safe (`load_forward`).
        `threads`, `batch_tokens`: 0 for what suits the machine. `accelerator`: of a launch with several
        processes. Raises ModelError.
        """
        folder, info = open_directory(model)
        forward = load_forward(
            folder, precision=precision, threads=threads, max_tokens=info.max_tokens, guard=info.int8,
            accelerator=accelerator,
        )  # fmt: skip
        return cls(
            forward, load_text_tokenizer(folder), info,
            folder=folder, batch_tokens=batch_tokens, accelerator=accelerator,
        )  # fmt: skip

    @property
    def domains(self) -> tuple[str, ...]:
        """Domain keys in taxonomy order."""
        return self.info.taxonomy.keys

    def logits(self, texts: Sequence[str], *, together: bool = False) -> NDArray[np.float64]:
        """(texts, labels) of cleaned texts; the columns are `info.labels`.

        `together`: the processes of the launch share the work, each with the same texts.
        """
        return self._logits(self.encode(texts), together=together)

    def probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities of logits, same shape."""
        return probabilities(logits, single_label=self.info.single_label)

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Token ids of cleaned texts: what `tag` would make of them first."""
        return encode(self._tokenizer, texts, max_tokens=self.info.max_tokens)

    def _logits(self, encoded: list[Ids], *, together: bool = False) -> NDArray[np.float64]:
        logits = predict_logits(
            self._forward, encoded, pad_id=self._tokenizer.pad_id, tokens=self._batch_tokens,
            among=self._accelerator if together else None,
        )  # fmt: skip
        return logits.reshape(len(encoded), len(self.info.labels)).astype(np.float64)

    def _scores(self, encoded: list[Ids]) -> NDArray[np.float64]:
        return self.probabilities(self._logits(encoded))

    def tag(
        self,
        texts: Sequence[str],
        *,
        evidence: bool = True,
        clean: bool = True,
        encoded: list[Ids] | None = None,
    ) -> list[Tag]:
        """Tag texts in order. `clean`: prepare them as for training; False if they are already.

        `encoded`: what `encode` gave for texts that are clean. Offsets of the evidence point into the cleaned text.

        >>> from minsheng import Tagger
        >>> (tag,) = Tagger.load().tag(["全县新建公办幼儿园六所。另外修了两条公路。"])
        >>> tag.labels
        ('education',)
        >>> [(evidence.label, evidence.start, evidence.end) for evidence in tag.evidence]
        [('education', 0, 12)]
        >>> tag.decision in ("auto", "review") and tag.scores["education"] > tag.scores["housing"]
        True
        """
        if not texts:
            return []
        if clean:
            texts, encoded = [clean_text(text, config=self.info.clean) for text in texts], None
        encoded = self.encode(texts) if encoded is None else encoded
        scores = self._scores(encoded)
        given = self.info.calibration.decide(scores)
        accepted = self.info.calibration.accept(scores)
        unknown = self._tokenizer.unknown_id
        found = self._evidence(texts, given, scores) if evidence else [()] * len(texts)
        tags: list[Tag] = []
        for row, text in enumerate(texts):
            foreign = _is_foreign(text, encoded[row], unknown) or not self._knows(text)
            tags.append(
                Tag(
                    labels=tuple(d for i, d in enumerate(self.domains) if given[row, i]),
                    scores={d: float(scores[row, i]) for i, d in enumerate(self.domains)},
                    evidence=found[row],
                    decision="auto" if accepted[row] and not foreign else "review",
                )
            )
        return tags

    def _knows(self, text: str) -> bool:
        return self._familiarity is None or self._familiarity.knows(text)

    def _evidence(
        self, texts: Sequence[str], given: NDArray[np.bool_], scores: NDArray[np.float64]
    ) -> list[tuple[Evidence, ...]]:
        """For each label given, the sentence with the highest score when scored alone."""
        spans: list[list[tuple[int, int]]] = [
            sentences(text) if given[row, : len(self.domains)].any() else [] for row, text in enumerate(texts)
        ]
        # A text of one sentence is its own evidence, with the score that it has already.
        alone = [(row, span) for row, found in enumerate(spans) if len(found) > 1 for span in found]
        computed = (
            self._scores(self.encode([texts[row][start:end] for row, (start, end) in alone]))
            if alone
            else None
        )
        by_text: dict[int, list[tuple[tuple[int, int], NDArray[np.float64]]]] = {}
        for index, (row, span) in enumerate(alone):
            assert computed is not None
            by_text.setdefault(row, []).append((span, computed[index]))
        for row, found in enumerate(spans):
            if len(found) == 1:
                by_text[row] = [(found[0], scores[row])]
        return [
            tuple(
                Evidence(domain, *max(by_text[row], key=lambda item: item[1][i])[0],
                         float(max(item[1][i] for item in by_text[row])))
                for i, domain in enumerate(self.domains)
                if given[row, i] and row in by_text
            )
            for row in range(len(texts))
        ]  # fmt: skip


def _is_foreign(text: str, ids: Sequence[int], unknown: int | None) -> bool:
    """Whether a text is no Chinese prose: too few Chinese characters, or too many unknown tokens."""
    visible = [c for c in text if not c.isspace()]
    chinese = sum("\u4e00" <= c <= "\u9fff" for c in visible)
    return (
        chinese < _LEAST_CHINESE * len(visible)
        or not visible
        or ids.count(unknown) > _MOST_UNKNOWN * len(ids)
    )
