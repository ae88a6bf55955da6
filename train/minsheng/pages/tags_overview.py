"""The first view of the tags page: how much of what there is, before anything is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minsheng.config.pages import TagsPageConfig
from minsheng.evaluation.estimates import Estimate
from minsheng.evaluation.shares import corrected_share
from minsheng.pages.shell import escaped
from minsheng.pages.tags_count import Record, RunCount, Slice
from minsheng.pages.tags_words import FAILURES, WORDS
from minsheng.taxonomy import Domain, Taxonomy

_WIDTH, _HEIGHT = 180, 18  # of a row's picture
_FAILURES = 20  # named; the file has them all


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the first view shows."""

    taxonomy: Taxonomy
    count: RunCount
    confusion: Mapping[str, Mapping[str, int]]  # of each domain on validation data; may lack some
    failures: Sequence[Record]  # lines of `failures.jsonl`
    can_decide: bool  # False: the model has no bound for `auto`
    config: TagsPageConfig
    parts: int = 1

    @property
    def words(self) -> dict[str, str]:
        """The words of the page's language."""
        return WORDS[self.config.lang]

    def name(self, domain: Domain) -> str:
        """The display name."""
        return str(getattr(domain.name, self.config.lang))

    def share(self, counts: Slice, number: int) -> Estimate:
        """The corrected share of a domain in a slice."""
        c = self.config
        return corrected_share(
            counts.labels[number], counts.passages, self.confusion.get(self.taxonomy.keys[number]),
            resamples=c.resamples, level=c.level, seed=c.seed,
        )  # fmt: skip


def short_name(domain: Domain, lang: str) -> str:
    """The name for a narrow place: `short` in Chinese, else the name up to its first `and`."""
    if lang == "zh":
        return domain.short or domain.name.zh[:4]
    return domain.name.en.split(" and ")[0]


def percent(share: float) -> str:
    """One decimal below 10 %, none above: more would promise too much."""
    value = 100 * share
    return f"{value:.1f}%" if 0 < value < 9.95 else f"{value:.0f}%"


def render(view: Overview) -> str:
    """The overview as HTML, without the document table's rows, which the script makes."""
    return "\n".join(
        [
            '<main id="overview">',
            *_lead(view),
            *([] if not view.count.total.passages else [*_domains(view), *_years(view)]),
            *_documents(view),
            *_failures(view),
            f'<noscript><p class="bad">{escaped(view.words["no_script"])}</p></noscript>',
            "</main>",
        ]
    )


def _lead(view: Overview) -> list[str]:
    words, total = view.words, view.count.total
    counts = words["counts"].format(
        documents=f"{len(view.count.documents):,}",
        passages=f"{total.passages:,}",
        characters=f"{total.characters:,}",
    )
    lines = [f"<h1>{escaped(words['title'])}</h1>", f'<p class="lead">{escaped(counts)}</p>']
    if not total.passages:
        nothing = "nothing_read" if view.failures and not view.count.documents else "nothing"
        return [*lines, f"<p>{escaped(words[nothing])}</p>"]
    state = words["ready"] if view.can_decide else words["all_review"]
    state = state.format(
        auto=f"{total.passages - total.review:,}", review=f"{total.review:,}",
        share=percent(total.review / total.passages),
    )  # fmt: skip
    return [
        *lines,
        *(f"<p>{escaped(sentence)}</p>" for sentence in (_most(view), state)),
        f'<p><a class="go" href="#all=1">{escaped(words["read_all"])}</a></p>' if view.parts == 1 else "",
    ]


def _most(view: Overview) -> str:
    """Which domain comes first, where its interval lies above all others."""
    total, words = view.count.total, view.words
    if not any(total.labels):
        return words["unlabelled"]
    shares = [view.share(total, n) for n in range(len(total.labels))]
    known = [(e.value, e.low, e.high, n) for n, e in enumerate(shares) if e.value is not None]
    if len(known) < len(shares):
        best = max(range(len(shares)), key=lambda n: total.labels[n])
        name, raw = view.name(view.taxonomy.domains[best]), total.labels[best] / total.passages
        return words["most_raw"].format(name=name, share=percent(raw))
    value, low, high, best = max(known)
    assert low is not None and high is not None
    if any(low <= (other or 0.0) for _, _, other, n in known if n != best):
        return words["close"]
    return words["most"].format(
        name=view.name(view.taxonomy.domains[best]), share=percent(value), level=percent(view.config.level),
        interval=words["range"].format(low=percent(low), high=percent(high)),
    )  # fmt: skip


def _domains(view: Overview) -> list[str]:
    words, total = view.words, view.count.total
    shares = [view.share(total, n) for n in range(len(total.labels))]
    raw = [count / total.passages for count in total.labels]
    known = any(share.value is not None for share in shares)
    most = _axis([*raw, *(share.high or 0.0 for share in shares)])
    head = "".join(_head(words[name]) for name in ("domain", "passages", "raw"))
    if known:
        head += _head(words["corrected"], words["interval"].format(level=percent(view.config.level)))
    head += _head(words["characters"])
    picture = f'<th scope="col" class="picture">{escaped(words["picture"].format(most=percent(most)))}</th>'
    lines = [
        f"<h2>{escaped(words['by_domain'])}</h2>",
        '<div class="scroll"><table class="domains">',
        f"<thead><tr>{head}{picture if known else ''}</tr></thead><tbody>",
    ]
    for number, domain in enumerate(view.taxonomy.domains):
        share = shares[number]
        row = _cells([f"{total.labels[number]:,}", percent(raw[number])])
        if known:
            row += f"<td>{_percent(share.value)} <small>{_range(words['range'], share)}</small></td>"
        row += _cells([f"{total.label_characters[number]:,}"])
        drawn = f'<td class="picture">{_picture(raw[number], share, most)}</td>' if known else ""
        name = _link(view, f"all=1&k={domain.key}", view.name(domain), f"mark k{number}")
        lines.append(f'<tr><th scope="row">{name}</th>{row}{drawn}</tr>')
    none = _link(view, "all=1&k=", words["none"], "mark")
    blank = [""] if known else []
    rest = [f"{total.without:,}", percent(total.without / total.passages), *blank, ""]
    empty = '<td class="picture"></td>' if known else ""
    lines.append(f'<tr><th scope="row">{none}</th>{_cells(rest)}{empty}</tr>')
    lines.append("</tbody></table></div>")
    notes = [words["several"], words["bias"] if known else words["no_counts"]]
    return [*lines, *(f'<p class="note">{escaped(note)}</p>' for note in notes)]


def _years(view: Overview) -> list[str]:
    words, years = view.words, view.count.years
    if not years:
        return []
    names = [short_name(domain, view.config.lang) for domain in view.taxonomy.domains]
    head = [words["year"], words["passages"], words["characters"], *names]
    lines = [
        f"<h2>{escaped(words['by_year'])}</h2>",
        f'<div class="scroll"><table class="years"><thead><tr>{"".join(map(_head, head))}</tr></thead><tbody>',
    ]
    for year, counts in years.items():
        row = f'<th scope="row">{escaped(year)}</th>'
        row += _cells([f"{counts.passages:,}", f"{counts.characters:,}"])
        for number in range(len(names)):
            share = view.share(counts, number)
            below = "" if share.value is None else f"<small>{_range(words['range'], share)}</small>"
            row += f"<td>{counts.labels[number]:,}{below}</td>"
        lines.append(f"<tr>{row}</tr>")
    lines.append("</tbody></table></div>")
    undated = view.count.total.passages - sum(counts.passages for counts in years.values())
    notes = [words["year_note"].format(level=percent(view.config.level))] if view.confusion else []
    notes += [words["undated"].format(count=f"{undated:,}")] if undated else []
    return [*lines, *(f'<p class="note">{escaped(note)}</p>' for note in notes)]


def _documents(view: Overview) -> list[str]:
    words = view.words
    if not view.count.documents:
        return []
    columns: list[tuple[str, str]] = [
        ("name", words["document"]), ("date", words["date"]), ("passages", words["passages"]),
        ("characters", words["characters"]), ("review", words["review"]),
    ]  # fmt: skip
    columns += [
        (f"k{n}", short_name(domain, view.config.lang)) for n, domain in enumerate(view.taxonomy.domains)
    ]
    head = "".join(
        f'<th scope="col"><button type="button" data-sort="{key}">{escaped(name)}</button></th>'
        for key, name in columns
    )
    many = f'<p class="note">{escaped(words["parts"].format(parts=view.parts))}</p>'
    return [
        f"<h2>{escaped(words['by_document'])}</h2>",
        many if view.parts > 1 else "",
        f'<p><input type="search" id="find-document" placeholder="{escaped(words["find_document"])}" '
        f'aria-label="{escaped(words["find_document"])}"></p>',
        f'<table class="documents"><thead><tr>{head}</tr></thead><tbody id="documents"></tbody></table>',
        f'<p id="no-document" class="soft" role="status" hidden>{escaped(words["no_document"])}</p>',
        '<p><button type="button" id="more" hidden></button></p>',
    ]


def _failures(view: Overview) -> list[str]:
    if not view.failures:
        return []
    words, left = view.words, len(view.failures) - _FAILURES
    lines = [
        f"<h2>{escaped(words['failures'].format(count=f'{len(view.failures):,}'))}</h2>",
        '<ul class="failures">',
    ]
    for failure in view.failures[:_FAILURES]:
        reason = FAILURES[view.config.lang].get(failure["code"])
        named = "" if reason is None else f"<strong>{escaped(reason)}</strong> "
        lines.append(f"<li>{named}{escaped(failure['message'])}</li>")
    lines.append("</ul>")
    if left > 0:
        lines.append(f'<p class="soft">{escaped(words["failures_more"].format(count=f"{left:,}"))}</p>')
    return lines


def _link(view: Overview, target: str, name: str, style: str) -> str:
    # Where the passages lie in several files there is no one place to filter them.
    if view.parts > 1:
        return f'<span class="{style}">{escaped(name)}</span>'
    return f'<a class="{style}" href="#{escaped(target)}">{escaped(name)}</a>'


def _head(name: str, small: str = "") -> str:
    below = f" <small>{escaped(small)}</small>" if small else ""
    return f'<th scope="col">{escaped(name)}{below}</th>'


def _cells(values: Sequence[Any]) -> str:
    return "".join(f"<td>{escaped(value)}</td>" for value in values)


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _range(form: str, share: Estimate) -> str:
    if share.low is None or share.high is None:
        return "–"
    return form.format(low=percent(share.low), high=percent(share.high))


def _axis(shares: Sequence[float]) -> float:
    """The end of the scale: the largest share, rounded up to a round number."""
    return next((end for end in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8) if max(shares) <= end), 1.0)


def _picture(raw: float, share: Estimate, most: float) -> str:
    def x(value: float) -> str:
        return f"{6 + (_WIDTH - 12) * min(value, most) / most:.1f}"

    middle = _HEIGHT / 2
    parts = [f'<line class="axis" x1="6" x2="{_WIDTH - 6}" y1="{middle}" y2="{middle}"/>']
    if share.value is not None and share.low is not None and share.high is not None:
        parts += [
            f'<line class="span" x1="{x(share.low)}" x2="{x(share.high)}" y1="{middle}" y2="{middle}"/>',
            f'<circle class="dot" cx="{x(share.value)}" cy="{middle}" r="4.5"/>',
        ]
    parts.append(f'<circle class="ring" cx="{x(raw)}" cy="{middle}" r="4.5"/>')
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'<svg {size} aria-hidden="true">{"".join(parts)}</svg>'
