"""`python -m benchmarks`: run the measurements and write benchmarks/RESULTS.md."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import road

RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000, help="records to generate (about)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results are written")
    chosen = parser.parse_args()
    section = road.run(chosen.records)
    head = f"# Results\n\nWritten by `make bench` on {datetime.now(UTC):%Y-%m-%d}.\n\n"
    chosen.output.write_text(head + section, encoding="utf-8")
    print(section)


if __name__ == "__main__":
    main()
