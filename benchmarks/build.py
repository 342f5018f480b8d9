"""How long the book takes to build: from nothing, after a change of one notebook, and with nothing to do."""

import subprocess

from _paths import ROOT
from _timing import seconds


def make(*targets: str) -> float:
    """Seconds that `make` takes for `targets`."""
    return seconds(lambda: subprocess.run(["make", *targets], cwd=ROOT, check=True, capture_output=True))


def main() -> None:
    """Build three times and print the table."""
    notebooks = sorted((ROOT / "notebooks").rglob("*-*.ipynb"))
    make("clean")
    cold = make("book")
    notebooks[0].touch()
    print("| build of the book | seconds |\n|---|---:|")
    print(f"| cold, {len(notebooks)} notebooks | {cold:.1f} |")
    print(f"| after a change of one notebook | {make('book'):.1f} |")
    print(f"| nothing changed | {make('book'):.1f} |")


if __name__ == "__main__":
    main()
