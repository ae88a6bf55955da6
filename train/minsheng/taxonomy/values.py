"""What a taxonomy is, and the checks that every taxonomy passes, whatever it was read from."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from minsheng.errors import ConfigError, nearest

Language = Literal["zh", "en"]
Trail = tuple[str | int, ...]  # ("domains", 2, "key"): where in the file

_EXPECTED = {
    "key": "lower-case letters, digits and _, beginning with a letter",
    "name": "a name as text, or {zh: …, en: …}",
    "domains": "a list of at least one domain, each with key and name",
    "colour": 'a colour such as "#2f6fb7"',
}


def _many(value: Any) -> Any:
    return () if value is None else (value,) if isinstance(value, str) else value


def _unfold(text: str) -> str:
    # YAML folds a line break into a space, which Chinese does not want.
    return re.sub(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])", "", text)


Line = Annotated[str, Field(min_length=1)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Lines = Annotated[tuple[Annotated[Line, AfterValidator(_unfold)], ...], BeforeValidator(_many)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(_Value):
    """A text in Chinese and in English; a plain string in the file serves as both."""

    zh: Annotated[Line, AfterValidator(_unfold)]
    en: Line

    @model_validator(mode="before")
    @classmethod
    def _both(cls, value: Any) -> Any:
        return {"zh": value, "en": value} if isinstance(value, str) else value


class Domain(_Value):
    """One label: what it means, and the words by which the keyword rule finds it."""

    key: Key
    name: Bilingual
    short: Line | None = None  # two to four characters, for narrow columns
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None
    definition: Bilingual | None = None
    include: Lines = ()
    exclude: Lines = ()
    keywords: Lines = ()
    unless: Lines = ()  # phrases inside which a keyword does not count


class Ruling(_Value):
    """A decision on a hard case, and the domains that it touches."""

    id: Line
    text: Bilingual
    domains: Lines = ()


class Taxonomy(_Value):
    """The domains of one labelling task, in their fixed order. Frozen, hashable, compared by content."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    version: Line = "1"
    title: Bilingual | None = None
    unit: Bilingual | None = None
    notes: Bilingual | None = None
    rule: Bilingual | None = None
    domains: Annotated[tuple[Domain, ...], Field(min_length=1)]
    rulings: tuple[Ruling, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The domain keys in taxonomy order: the order of every label list, score and column."""
        return tuple(domain.key for domain in self.domains)

    def names(self, lang: Language = "zh") -> tuple[str, ...]:
        """The display names, aligned with `keys`."""
        return tuple(getattr(domain.name, lang) for domain in self.domains)

    def domain(self, key: str) -> Domain:
        """The domain of that key; raises ConfigError for a key that the taxonomy does not have."""
        for domain in self.domains:
            if domain.key == key:
                return domain
        raise ConfigError(f"taxonomy {self.name} has no domain {key!r}{nearest(key, self.keys)}")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; `from_dict` gives back an equal taxonomy."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, source: str = "taxonomy") -> Taxonomy:
        """The inverse of `to_dict`; `source` names the file in the ConfigError raised for wrong data."""
        return build(data, source=source, lines={})

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the canonical JSON of `to_dict`; changes with any word of the codebook."""
        canonical = json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def build(data: Mapping[str, Any], *, source: str, lines: Mapping[Trail, int]) -> Taxonomy:
    """Validate plain data; a ConfigError says by `source` and `lines` (trail → line) where it went wrong."""
    try:
        taxonomy = Taxonomy.model_validate(dict(data))
        trail, problem = next(_contradictions(taxonomy), ((), ""))
    except ValidationError as error:
        trail, problem = _explain(error)
    if not problem:
        return taxonomy
    line = next((lines[trail[:n]] for n in range(len(trail), -1, -1) if trail[:n] in lines), None)
    raise ConfigError(f"{source}{f', line {line}' if line else ''}: {dotted(trail)} {problem}")


def dotted(trail: Trail) -> str:
    """`domains[2].key` for ("domains", 2, "key")."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in trail)
    return text.removeprefix(".") or "the file"


def _explain(error: ValidationError) -> tuple[Trail, str]:
    """Where the first problem lies and what it is, in plain words."""
    # A misspelt key also makes the right one missing: the misspelling is the better hint.
    problems = sorted(
        error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden"
    )
    first = problems[0]
    trail: Trail = first["loc"]
    last = str(trail[-1]) if trail else ""
    if first["type"] == "extra_forbidden":
        models: dict[Trail, type[BaseModel]] = {(): Taxonomy, ("domains",): Domain, ("rulings",): Ruling}
        model = models.get(tuple(part for part in trail[:-1] if isinstance(part, str)), Bilingual)
        known = model.model_fields
        return trail, "is not a key here" + (nearest(last, known) or f"; known are {', '.join(known)}")
    expected = f"; expected {_EXPECTED[last]}" if last in _EXPECTED else ""
    if first["type"] == "missing":
        return trail, f"is missing{expected}"
    return trail, f"is {first['input']!r}{expected or '; ' + first['msg'].lower()}"


def _contradictions(taxonomy: Taxonomy) -> Iterator[tuple[Trail, str]]:
    keys = taxonomy.keys
    for i, domain in enumerate(taxonomy.domains):
        if domain.key in keys[:i]:
            yield ("domains", i, "key"), f"is {domain.key!r} a second time; give each domain its own key"
        for j, keyword in enumerate(domain.keywords):
            if keyword in domain.keywords[:j]:
                yield ("domains", i, "keywords", j), f"is {keyword!r} a second time; leave one out"
        for j, phrase in enumerate(domain.unless):
            if not any(keyword in phrase for keyword in domain.keywords):
                yield ("domains", i, "unless", j), f"is {phrase!r}, which holds no keyword; leave it out"
    ids = [ruling.id for ruling in taxonomy.rulings]
    for i, ruling in enumerate(taxonomy.rulings):
        if ruling.id in ids[:i]:
            yield ("rulings", i, "id"), f"is {ruling.id!r} a second time; number the rulings"
        for j, key in enumerate(ruling.domains):
            if key not in keys:
                yield ("rulings", i, "domains", j), f"is {key!r}, which is no domain here{nearest(key, keys)}"
