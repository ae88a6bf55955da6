"""The domains as data: names, definitions, rulings, keywords, and the keyword rule.

A taxonomy is one YAML file (`configs/taxonomies/*.yaml`; those that ship lie in the package too). Any number
of domains will do, and a new one needs no code: `name` and, for each domain, `key` and `name` are enough.
"""

from minsheng.taxonomy.codebook import render_codebook
from minsheng.taxonomy.keywords import KeywordMatch, keyword_labels, keyword_matches
from minsheng.taxonomy.loading import load_taxonomy, shipped_taxonomies
from minsheng.taxonomy.values import Bilingual, Domain, Ruling, Taxonomy

__all__ = [
    "Bilingual",
    "Domain",
    "KeywordMatch",
    "Ruling",
    "Taxonomy",
    "keyword_labels",
    "keyword_matches",
    "load_taxonomy",
    "render_codebook",
    "shipped_taxonomies",
]
