"""companion.parameters: counts, against lists of every array and against numbers in published code."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import parameters

BASE = (768, 3072, 12, 64, 12)
small = st.integers(1, 5)


def t5_arrays(d, d_ff, heads, d_kv, layers, vocab, buckets):
    """The shape of every array of a T5, one by one."""
    inner = heads * d_kv
    yield vocab, d
    for attentions in (1, 2):  # encoder, decoder
        yield buckets, heads
        for _ in range(layers):
            for _ in range(attentions):
                yield from ((inner, d), (inner, d), (inner, d), (d, inner), (d,))
            yield from ((d_ff, d), (d, d_ff), (d,))
        yield (d,)


def bert_arrays(d, d_ff, layers):
    for _ in range(layers):
        for _ in range(4):
            yield from ((d, d), (d,))
        yield from ((d_ff, d), (d_ff,), (d, d_ff), (d,), (d,), (d,), (d,), (d,))


def size(arrays):
    return sum(math.prod(shape) for shape in arrays)


@given(st.tuples(small, small, small, small, small, small, small))
def test_t5_array_by_array(sizes):
    assert parameters.t5_parameters(*sizes) == size(t5_arrays(*sizes))


@given(small, small, small, small)
def test_bert_array_by_array(d, d_ff, layers, vocab):
    embeddings = [(vocab, d), (7, d), (2, d), (d,), (d,)]
    assert parameters.bert_parameters(d, d_ff, layers, vocab, places=7) == size(
        [*embeddings, *bert_arrays(d, d_ff, layers)]
    )
    ladders = [(d, 3)] * (layers + 1)
    assert parameters.bert_ladder_parameters(d, 3, d_ff, layers) == size([*ladders, *bert_arrays(3, d_ff, layers)])


@given(small, small, small, small, small, small, st.integers(1, 3))
def test_ladder_array_by_array(d, d_ff, heads, d_kv, side_layers, reduction, more):
    wide = tuple(reduction * width for width in (d, d_ff, d_kv))
    layers = side_layers + more
    side = [shape for shape in t5_arrays(d, d_ff, heads, d_kv, side_layers, 1, 32)][1:]  # no embeddings
    ladders = [(d, wide[0]), (d,)] * (2 * side_layers + 2) + [(wide[0], d), (wide[0],)] + [(1,)] * (2 * layers)
    count = parameters.ladder_parameters(wide[0], wide[1], heads, wide[2], layers, reduction, side_layers)
    assert count == size([*side, *ladders])


@given(small, small, small, small, small, small)
def test_biases_lora_and_adapters_array_by_array(d, d_ff, heads, d_kv, layers, vocab):
    arrays = list(t5_arrays(d, d_ff, heads, d_kv, layers, vocab, 32))
    norms = [shape for shape in arrays if len(shape) == 1]
    inner = heads * d_kv
    matrices = layers * (3 * (3 * inner + d) + 2 * (d_ff + d))
    assert parameters.bias_parameters(d, d_ff, heads, d_kv, layers, vocab) == matrices + size(norms) + vocab
    lora = [(2, d), (inner, 2)] * (2 * 3 * layers)
    assert parameters.lora_parameters(d, heads, d_kv, layers, 2) == size(lora)
    adapters = [(2 * d, d), (d,), (d, 2 * d), (2 * d,)] * (4 * layers)
    assert parameters.adapter_parameters(2 * d, layers, 2) == size(adapters) + 2 * size(norms)


def test_numbers_in_published_code():
    """The sizes of T5-base, large and 3B that the code of LST divides by, and the T5-base of everybody else."""
    assert parameters.t5_parameters(*BASE, vocab=32100) == 222_882_048
    assert parameters.t5_parameters(1024, 4096, 16, 64, 24, vocab=32100) == 737_639_424
    assert parameters.t5_parameters(1024, 16384, 32, 128, 24, vocab=32100) == 2_851_569_664
    assert parameters.t5_parameters(*BASE) == 222_903_552


def test_counts_of_the_tuning_methods():
    assert parameters.ladder_parameters(*BASE, reduction=8, side_layers=9) == 3_878_712
    assert parameters.adapter_parameters(768, 12, 16) == 3_625_728
    assert parameters.bias_parameters(*BASE) == 282_496
    assert parameters.lora_parameters(768, 12, 64, 12, 32) == 3_538_944
    assert parameters.bert_ladder_parameters(768, 128, 512, 4) == 1_284_608


@pytest.mark.parametrize(
    ("call", "argument", "value"),
    [
        (lambda: parameters.t5_parameters(0, 1, 1, 1, 1), "d", "0"),
        (lambda: parameters.t5_parameters(1, 1, 1, 1, 2.5), "layers", "2.5"),
        (lambda: parameters.t5_parameters(1, 1, 1, 1, 1, buckets=0), "buckets", "0"),
        (lambda: parameters.ladder_parameters(*BASE, reduction=5, side_layers=9), "reduction", "5"),
        (lambda: parameters.ladder_parameters(768, 3072, 12, 60, 12, reduction=8, side_layers=9), "d_kv", "8"),
        (lambda: parameters.ladder_parameters(*BASE, reduction=8, side_layers=13), "side_layers", "13"),
        (lambda: parameters.adapter_parameters(768, 12, 7), "reduction", "7"),
        (lambda: parameters.lora_parameters(768, 12, 64, 12, 0), "rank", "0"),
        (lambda: parameters.bias_parameters(768, -1, 12, 64, 12), "d_ff", "-1"),
        (lambda: parameters.bert_parameters(768, 3072, 12, 0), "vocab", "0"),
        (lambda: parameters.bert_ladder_parameters(768, 0, 512, 4), "s", "0"),
    ],
)
def test_bad_input_is_named(call, argument, value):
    with pytest.raises(ValueError, match=rf"\b{argument}\b.*{value}"):
        call()
