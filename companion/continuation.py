"""Continuing a text by characters with a model of tokens: naively, after steps back, and exactly.

A *cover* of a prompt is a row of tokens whose last one is the first to reach or pass the end of the prompt. Each text
that begins with the prompt begins with exactly one cover, so the covers' probabilities sum to that of the prompt. The
covers and their use are those of Phan et al., arXiv:2406.16829 and arXiv:2410.09303; the step back with a search among
the words is that of Su Jianlin's post kexue.fm/archives/9762, and of the library guidance. Models are those of
`companion.tokenizer`: functions from the tokens so far to {next token: joint probability}.
"""

from collections.abc import Callable, Mapping

from companion.tokenizer import END, Model, Prob, Tokens

Covers = dict[Tokens, Prob]


def covers(model: Model, prompt: str, kept: Tokens = ()) -> Covers:
    """All covers of `prompt` that begin with the tokens `kept`, with their joint probabilities, none of them zero.

    Tokens shorter than what is left of the prompt are followed on. The cover of a prompt that `kept` spells in full is
    `kept` itself. Works for every tokeniser, also one that cuts at random. Raises ValueError if the prompt does not
    begin with `kept`. Cost: a run of the model for each row of tokens that the prompt begins with and that occurs.
    """
    found: Covers = {}
    spelt = _spelt(prompt, kept)
    if spelt == len(prompt):
        return {kept: total} if (total := _sum(model(kept))) != 0 else {}
    waiting = [(kept, spelt)]
    while waiting:
        tokens, at = waiting.pop()
        rest = prompt[at:]
        for word, p in model(tokens).items():
            if p == 0 or word == END:
                continue
            if word.startswith(rest):
                found[*tokens, word] = p
            elif rest.startswith(word):
                waiting.append(((*tokens, word), at + len(word)))
    return found


def boundary_covers(model: Model, prompt: str, encode: Callable[[str], Tokens], longest: int) -> Covers:
    """All covers of a `prompt` of at least one character, from at most `longest` runs of the model.

    For tokenisers that encode a text, cut off at the end of one of its tokens, as before: then what precedes the last
    token of a cover is `encode` of what it spells. `longest` is the number of characters of the longest token. Raises
    ValueError for an empty prompt, and for `longest` below 1.
    """
    if not prompt:
        raise ValueError(f"prompt must have at least one character, got {prompt!r}")
    if longest < 1:
        raise ValueError(f"longest must be at least 1, got {longest!r}")
    found: Covers = {}
    for at in range(max(0, len(prompt) - longest), len(prompt)):
        found |= prefix_search(model, prompt, encode(prompt[:at]))
    return found


def prefix_search(model: Model, prompt: str, kept: Tokens) -> Covers:
    """The covers with a single token after `kept`, from one run of the model: the post's search among the words.

    Raises ValueError if the prompt does not begin with `kept`.
    """
    rest = prompt[_spelt(prompt, kept) :]
    words = model(kept).items()
    return {(*kept, word): p for word, p in words if p != 0 and word != END and word.startswith(rest)}


def next_char(model: Model, prompt: str, found: Mapping[Tokens, Prob]) -> dict[str, Prob]:
    """The law of the character after `prompt` (`END` if the text ends) given that one of the covers `found` occurs.

    Raises ValueError if there are none, or if all have probability zero: the model has never seen such a context.
    """
    law: dict[str, Prob] = {}
    for cover, p in found.items():
        text = "".join(cover)
        if len(text) > len(prompt):
            law[text[len(prompt)]] = law.get(text[len(prompt)], 0) + p
            continue
        for word, q in model(cover).items():
            first = word if word == END else word[0]
            law[first] = law.get(first, 0) + q
    if (total := _sum(law)) == 0:
        raise ValueError(f"prompt must be one whose tokens the model has seen, got {prompt!r}")
    return {character: p / total for character, p in law.items() if p != 0}


def naive(model: Model, prompt: str, tokens: Tokens) -> dict[str, Prob]:
    """The law of the next character if `tokens`, those of the prompt, are simply fed to the model.

    Raises ValueError if the model has never seen them.
    """
    return next_char(model, prompt, covers(model, prompt, tokens))


def true_next_char(corpus: Mapping[str, Prob], prompt: str) -> dict[str, Prob]:
    """The law of the character after `prompt` in the corpus {text: probability}, without any token.

    Raises ValueError for a prompt that no text begins with.
    """
    law: dict[str, Prob] = {}
    for text, p in corpus.items():
        if text.startswith(prompt):
            following = text[len(prompt) : len(prompt) + 1] or END
            law[following] = law.get(following, 0) + p
    if (total := _sum(law)) == 0:
        raise ValueError(f"prompt must be the beginning of a text of the corpus, got {prompt!r}")
    return {character: p / total for character, p in law.items() if p != 0}


def total_variation(p: Mapping[str, Prob], q: Mapping[str, Prob]) -> Prob:
    """Half the sum of |p − q| over all keys of either law."""
    return sum(abs(p.get(key, 0) - q.get(key, 0)) for key in {**p, **q}) / 2


def _spelt(prompt: str, kept: Tokens) -> int:
    """How many characters the tokens `kept` spell, if the prompt begins with them."""
    if not prompt.startswith(text := "".join(kept)):
        raise ValueError(f"kept must spell the beginning of the prompt {prompt!r}, got {kept!r}")
    return len(text)


def _sum(law: Mapping[str, Prob]) -> Prob:
    return sum(law.values())
