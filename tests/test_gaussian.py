"""Exact Gaussian calculus, against SymPy's own integrals where it has them."""

import pytest
import sympy as sp

from companion import gaussian

x, y, m = sp.symbols("x y m", real=True)
v, w = sp.symbols("v w", positive=True)
z, u = sp.symbols("z u", real=True)


def test_density_integrates_to_one_and_has_its_moments():
    p = gaussian.density(x, m, v)
    moments = [sp.simplify(sp.integrate(p * x**k, (x, -sp.oo, sp.oo))) for k in range(3)]
    assert moments[:2] == [1, m]
    assert sp.expand(moments[2] - m**2 - v) == 0


@pytest.mark.parametrize("power", range(7))
def test_moments_of_a_standard_normal(power):
    exact = sp.integrate(gaussian.density(z, 0, 1) * z**power, (z, -sp.oo, sp.oo))
    assert gaussian.expect(z**power, z) == exact


def test_expectation_keeps_what_is_not_random():
    assert sp.expand(gaussian.expect((m + z * sp.sqrt(v) + u) ** 2, z, u) - (m**2 + v + 1)) == 0
    assert gaussian.expect(sp.exp(x) * z**4 * u**2, z, u) == 3 * sp.exp(x)


def test_convolution_of_two_normals():
    joint = sp.log(gaussian.density(x, y, v)) + sp.log(gaussian.density(y, m, w))
    log_density = gaussian.integrate_out(sp.expand_log(joint), y)
    assert sp.simplify(sp.exp(log_density) / gaussian.density(x, m, v + w)) == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gaussian.expect(z), "zs must name at least one variable"),
        (lambda: gaussian.expect(sp.exp(z), z), "expr must be a polynomial in z, got exp"),
        (lambda: gaussian.integrate_out(x * y, y), "quadratic in y = y, got degree 1"),
        (lambda: gaussian.integrate_out(y**4, y), "got degree 4"),
        (lambda: gaussian.integrate_out(v * y**2, y), "must fall off in y = y, but the coefficient .* is v"),
        (lambda: gaussian.integrate_out(sp.sin(y), y), "log_density must be a polynomial in y, got sin"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
