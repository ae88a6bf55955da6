"""Train a tokenizer: a unigram vocabulary of Chinese words (Kudo 2018).

A piece of about two characters halves the sequence against a vocabulary of characters, which nearly
halves the cost of training and tagging, and a word means something by itself.
"""

from __future__ import annotations

import io
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from minsheng.config.schema import TokenizerConfig
from minsheng.errors import ConfigError, DataError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")
_RUN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


def sample_documents(documents: Iterable[tuple[str, float]], *, characters: int, seed: int) -> list[str]:
    """A weighted random sample of about `characters` characters, in pieces of at most 2,000.

    One pass with bounded memory: keys u^(1/w), of which the largest are kept (Efraimidis & Spirakis 2006).
    """
    import heapq

    rng = random.Random(seed)
    kept: list[tuple[float, int, str]] = []
    held = 0
    for number, (text, weight) in enumerate(documents):
        start = rng.randrange(0, max(1, len(text) - 2000)) if len(text) > 2000 else 0
        piece = text[start : start + 2000]
        heapq.heappush(kept, (rng.random() ** (1.0 / weight), number, piece))
        held += len(piece)
        while held - len(kept[0][2]) >= characters:
            held -= len(heapq.heappop(kept)[2])
    return [piece for _, _, piece in sorted(kept, key=lambda entry: entry[1])]


def _words(texts: Iterable[str], rarest: int) -> Counter[str]:
    """Runs of letters and runs of digits with their counts, without the characters rarer than `rarest`."""
    texts = [unicodedata.normalize("NFKC", text).lower() for text in texts]
    characters: Counter[str] = Counter()
    for text in texts:
        characters.update(text)
    rare = [c for c, count in characters.items() if count < rarest]
    table = str.maketrans(dict.fromkeys(rare, " "))
    words: Counter[str] = Counter()
    for text in texts:
        words.update(_RUN.findall(text.translate(table)))
    return words


def _pieces(words: Counter[str], config: TokenizerConfig) -> list[tuple[str, float]]:
    """(piece, log-probability) by sentencepiece, whose training, unlike that of tokenizers, repeats exactly."""
    import sentencepiece

    single = {character for word in words for character in word}
    if not single:
        raise DataError(
            f"the text to train a tokenizer on has no character that stands in it {config.rarest} times; "
            "give more text or lower tokenizer.rarest"
        )
    if len(single) + len(SPECIAL) > config.vocabulary:
        raise ConfigError(
            f"tokenizer.vocabulary={config.vocabulary} is too small for {len(single)} different characters; "
            "raise it or tokenizer.rarest"
        )
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(f"{word}\t{count}" for word, count in sorted(words.items())),
        input_format="tsv",
        model_writer=out,
        model_type="unigram",
        vocab_size=config.vocabulary,
        hard_vocab_limit=False,  # a small corpus gives fewer pieces
        character_coverage=1.0,
        max_sentencepiece_length=config.piece,
        seed_sentencepiece_size=300_000,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        num_threads=1,  # more would add up in another order, and another machine has another number
        minloglevel=2,
    )
    trained = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    return [
        (trained.id_to_piece(i), trained.get_score(i))
        for i in range(trained.get_piece_size())
        if not (trained.is_control(i) or trained.is_unknown(i)) and trained.id_to_piece(i) != "\u2581"
    ]


def train_tokenizer(texts: list[str], config: TokenizerConfig, *, positions: int) -> PreTrainedTokenizerBase:
    """A tokenizer with [CLS] … [SEP], trained on `texts`; the same texts give the same vocabulary.

    NFKC and lower case are part of it. Characters rarer than `config.rarest` become [UNK]. Raises DataError
    for too little text, ConfigError for a vocabulary that cannot hold every character.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = [(token, 0.0) for token in SPECIAL] + _pieces(_words(texts, config.rarest), config)
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=SPECIAL.index("[UNK]"), byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Punctuation("isolated"),
            pre_tokenizers.Digits(individual_digits=False),
        ]
    )
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", cls), ("[SEP]", sep)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=positions,
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        unk_token="[UNK]",
    )
