"""Formulas in plain words, for where nothing sets them: a page's description, a file of references."""

import re

SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "sim": "∼", "propto": "∝",
    "to": "→", "infty": "∞", "cdot": "·", "times": "×", "pm": "±", "in": "∈", "sum": "Σ", "prod": "∏", "int": "∫",
    "partial": "∂", "nabla": "∇", "sqrt": "√", "lVert": "‖", "rVert": "‖", "Vert": "‖", "lvert": "|", "rvert": "|",
    "dots": "…", "ldots": "…", "cdots": "…", "langle": "⟨", "rangle": "⟩", "star": "*", "ast": "*", "dagger": "†",
    "quad": " ", "qquad": " ", "left": "", "right": "", "bigl": "", "bigr": "", "Bigl": "", "Bigr": "", "tfrac": "",
    "displaystyle": "", "mathrm": "", "mathbf": "", "mathcal": "", "mathbb": "", "mathsf": "", "boldsymbol": "",
    "operatorname": "", "text": "", "bar": "", "hat": "", "tilde": "", "widetilde": "", "overline": "",
}  # fmt: skip
_GROUP = r"(?:\{([^{}]*)\}|([^\s\\{}]))"
_FRACTION = re.compile(r"\\[dt]?frac\s*" + _GROUP + r"\s*" + _GROUP)
_COMMAND = re.compile(r"\\([A-Za-z]+)\s?")
_RAISED = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")


def _joined(part: str) -> str:
    """A part of a fraction, in brackets unless it is one sign or one word."""
    return part if re.fullmatch(r"\\?\w+(?:\s?\\?\w)?|\\sqrt\s?\w", part) else f"({part})"


def plain(latex: str) -> str:
    r"""A formula in Unicode text, for a reader, not for a machine: \frac1{\sqrt d} is 1/√d."""
    text, before = latex, ""
    while text != before:
        before = text
        text = _FRACTION.sub(lambda m: f"{_joined(m[1] or m[2])}/{_joined(m[3] or m[4])}", text)
        text = re.sub(r"\^\{?([0-9n]|[-+]\d)\}?", lambda m: m[1].translate(_RAISED), text)
        text = re.sub(r"\^\{?(?:\\mathsf|\\top)?\s?\{?T\}{0,2}", "ᵀ", text)
        text = re.sub(r"([_^])\{([^{}]*)\}", lambda m: m[1] + (m[2] if len(m[2]) == 1 else f"({m[2]})"), text)
        text = re.sub(r"(?<=[A-Za-z])\{([^{}]*)\}", r" \1", text)
        text = re.sub(r"\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\[,;:! ]", " ", text).replace("\\lVert", "‖").replace("\\rVert", "‖")
    text = _COMMAND.sub(lambda m: SIGNS.get(m[1], m[1] + " "), text)
    return re.sub(r"\s+(?=[).,;:?!]|$)", "", re.sub(r"\s+", " ", re.sub(r"[\\{}$]", "", text))).strip()


def plain_text(markdown: str) -> str:
    """A sentence of Markdown without its marks, formulas in plain words."""
    text = re.sub(r"\$+([^$]+)\$+", lambda m: plain(m[1]), markdown)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\s+", " ", re.sub(r"\*+|`", "", text)).strip()
