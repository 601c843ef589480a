"""Pictures with matplotlib, where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np


def heatmap(pivot: Any, metric: str, ax: Any = None) -> Any:
    """Draw a pivot table, its best cell marked; return the axes."""
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(constrained_layout=True)
    values = pivot.to_numpy(dtype=float)
    image = ax.imshow(values, origin="lower", aspect="auto", cmap="viridis")
    ax.figure.colorbar(image, ax=ax, label=metric)
    ax.set_xlabel(pivot.columns.name)
    ax.set_ylabel(pivot.index.name)
    for axis, labels in ((ax.xaxis, pivot.columns), (ax.yaxis, pivot.index)):
        step = max(1, len(labels) // 8)
        axis.set_ticks(
            range(0, len(labels), step),
            [f"{label:g}" if isinstance(label, float) else str(label) for label in labels[::step]],
        )
    if np.isfinite(values).any():
        row, column = np.unravel_index(np.nanargmax(values), values.shape)
        ax.plot(column, row, "o", markerfacecolor="none", markeredgecolor="white", markersize=10)
        place = f"{pivot.index.name} {pivot.index[row]:g}, {pivot.columns.name} {pivot.columns[column]:g}"
        ax.set_title(f"{metric} {values[row, column]:.2f} at {place}")
    return ax
