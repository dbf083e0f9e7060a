"""Names for the array types the engine passes around."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Index: TypeAlias = NDArray[np.int64]
"""Row numbers."""
Codes: TypeAlias = NDArray[np.int32]
"""Places of values in a dictionary of distinct values; -1 for none."""
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Hashes: TypeAlias = NDArray[np.uint64]
Levels: TypeAlias = NDArray[np.int8]
"""Comparison levels: one row a pair, one column a comparison."""
