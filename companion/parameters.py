"""How many parameters published Transformers have, and how many of them a method of fine-tuning trains.

T5 (v1.0): states of width d, attention with `heads` heads of `d_kv` entries, a feed-forward part of width d_ff, norms
with weights only, no biases, one table of relative positions in each of two stacks, embeddings shared with the output;
a layer is one block of the encoder and one of the decoder. BERT: biases everywhere, norms with weights and biases.
Sources: Raffel et al., arXiv:1910.10683; Devlin et al., arXiv:1810.04805; the tuning methods as in the code of Sung,
Cho, Bansal, github.com/ylsung/Ladder-Side-Tuning; the ladder on BERT as in github.com/bojone/LST-CLUE.
"""

from companion._checks import count


def t5_parameters(d: int, d_ff: int, heads: int, d_kv: int, layers: int, vocab: int = 32128, buckets: int = 32) -> int:
    """All parameters of a T5. Raises ValueError for a size below 1."""
    d, vocab = _sizes(d=d, vocab=vocab)
    return vocab * d + _t5_stacks(d, d_ff, heads, d_kv, layers, buckets)


def ladder_parameters(
    d: int, d_ff: int, heads: int, d_kv: int, layers: int, reduction: int, side_layers: int, buckets: int = 32
) -> int:
    """What a ladder beside a T5 trains: the T5's own blocks with d, d_ff and d_kv divided by `reduction`, and ladders.

    Each stack has `side_layers` blocks and as many ladders (s, d) with biases, one more for its input, and a gate for
    each of the T5's layers; one matrix (d, s) with biases leads out. Raises ValueError unless `reduction` divides d,
    d_ff and d_kv and there are at most `layers` side layers.
    """
    d, d_ff, d_kv, layers, reduction = _sizes(d=d, d_ff=d_ff, d_kv=d_kv, layers=layers, reduction=reduction)
    for name, size in (("d", d), ("d_ff", d_ff), ("d_kv", d_kv)):
        if size % reduction:
            raise ValueError(f"reduction must divide {name} = {size}, got {reduction}")
    if count("side_layers", side_layers) > layers:
        raise ValueError(f"side_layers must be at most the number of layers, {layers}, got {side_layers}")
    s = d // reduction
    side = _t5_stacks(s, d_ff // reduction, heads, d_kv // reduction, side_layers, buckets)
    return side + 2 * (side_layers + 1) * (d * s + s) + (s * d + d) + 2 * layers


def adapter_parameters(d: int, layers: int, reduction: int) -> int:
    """What adapters in a T5 train: two of width d/reduction, with biases, in each block, and all norms.

    Raises ValueError unless `reduction` divides d.
    """
    d, layers, reduction = _sizes(d=d, layers=layers, reduction=reduction)
    if d % reduction:
        raise ValueError(f"reduction must divide d = {d}, got {reduction}")
    narrow = d // reduction
    return 4 * layers * (2 * d * narrow + d + narrow) + _t5_norms(layers) * d


def bias_parameters(d: int, d_ff: int, heads: int, d_kv: int, layers: int, vocab: int = 32128) -> int:
    """The biases that BitFit adds to a T5: to every matrix of a block, to the norms, and to the output."""
    d, d_ff, heads, d_kv, layers, vocab = _sizes(d=d, d_ff=d_ff, heads=heads, d_kv=d_kv, layers=layers, vocab=vocab)
    return layers * (3 * (3 * heads * d_kv + d) + 2 * (d_ff + d)) + _t5_norms(layers) * d + vocab


def lora_parameters(d: int, heads: int, d_kv: int, layers: int, rank: int) -> int:
    """LoRA of the given rank on the query and value matrices of all attentions of a T5, without any biases."""
    d, heads, d_kv, layers, rank = _sizes(d=d, heads=heads, d_kv=d_kv, layers=layers, rank=rank)
    return 3 * layers * 2 * rank * (d + heads * d_kv)


def bert_parameters(d: int, d_ff: int, layers: int, vocab: int, places: int = 512) -> int:
    """All parameters of a BERT without its pooling layer and output. Raises ValueError for a size below 1."""
    d, layers, vocab, places = _sizes(d=d, layers=layers, vocab=vocab, places=places)
    return (vocab + places + 2) * d + 2 * d + layers * _bert_block(d, d_ff)


def bert_ladder_parameters(d: int, s: int, s_ff: int, side_layers: int) -> int:
    """What a ladder of BERT's own blocks beside a BERT trains: `side_layers` blocks of width s, and the ladders.

    There is a ladder (s, d) without biases for each block, and one more for the embeddings.
    """
    d, s, side_layers = _sizes(d=d, s=s, side_layers=side_layers)
    return side_layers * _bert_block(s, s_ff) + (side_layers + 1) * d * s


def _t5_stacks(d: int, d_ff: int, heads: int, d_kv: int, layers: int, buckets: int) -> int:
    """Encoder and decoder without embeddings: three attentions and two feed-forward parts a layer, norms, positions."""
    d, d_ff, heads, d_kv = _sizes(d=d, d_ff=d_ff, heads=heads, d_kv=d_kv)
    layers, buckets = _sizes(layers=layers, buckets=buckets)
    return layers * (3 * 4 * d * heads * d_kv + 2 * 2 * d * d_ff) + _t5_norms(layers) * d + 2 * buckets * heads


def _t5_norms(layers: int) -> int:
    """Two norms in each block of the encoder, three in each of the decoder, and one behind each stack."""
    return 5 * layers + 2


def _bert_block(d: int, d_ff: int) -> int:
    d, d_ff = _sizes(d=d, d_ff=d_ff)
    return 4 * (d * d + d) + (2 * d * d_ff + d_ff + d) + 2 * 2 * d


def _sizes(**values: int) -> tuple[int, ...]:
    return tuple(count(name, value) for name, value in values.items())
