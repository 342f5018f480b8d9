"""The functions behind the notebooks of *Scientific Spaces, Derived*: one module per topic."""
