"""Precision–recall curves that fit into a report."""

from __future__ import annotations

import numpy as np

from minsheng.evaluation.estimates import CurvePoint
from minsheng.metrics.scores import Mask, Vector


def precision_recall(truth: Mask, scores: Vector, *, most: int) -> tuple[CurvePoint, ...]:
    """The curve of one domain, from the highest score down; empty without an example of the domain.

    `truth` and `scores` are (examples,). A point stands where recall grows, that is at each score of an
    example that has the domain, equal scores being one; average precision is the sum over these points of
    recall gained × precision. Of more than `most` points, `most` are kept, evenly over their ranks, the first
    and the last among them.
    """
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], np.cumsum(truth[order])
    if not hits.size or not hits[-1]:
        return ()
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # last of each run of equal scores
    gained = np.diff(hits[ends], prepend=0) > 0
    points = ends[gained]
    if len(points) > most:
        points = points[np.linspace(0, len(points) - 1, most).round().astype(np.int64)]
    return tuple(
        CurvePoint(float(ordered[i]), float(hits[i] / (i + 1)), float(hits[i] / hits[-1])) for i in points
    )
