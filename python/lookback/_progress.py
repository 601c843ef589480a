"""How far a sweep is: tqdm's bar where it is installed, which knows terminals and notebooks; otherwise a line on stderr."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType


class Progress:
    """Called with the trials that are over and all trials."""

    def __init__(self, what: str) -> None:
        """Say what is counted; nothing is shown before the first second."""
        self._what = what
        self._began = time.monotonic()
        self._bar: Any = None
        self._plain = False
        self._done = 0

    def __enter__(self) -> Progress:
        """Begin to count."""
        return self

    def __call__(self, done: int, total: int) -> None:
        """Show it, where it takes long enough to be looked at."""
        now = time.monotonic()
        if total == 0 or now - self._began < 1.0:
            return
        if self._bar is None and not self._plain:
            try:
                from tqdm.auto import tqdm
            except ModuleNotFoundError:
                self._plain = True
            else:
                self._bar = tqdm(total=total, desc=self._what, unit=" trials")
        if self._bar is not None:
            self._bar.update(done - self._done)
        elif sys.stderr.isatty():
            sys.stderr.write(f"\r{self._what}: {done:,} of {total:,} trials, {done / (now - self._began):,.0f} a second")
            sys.stderr.flush()
        self._done = done

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave the line clean."""
        if self._bar is not None:
            self._bar.close()
        elif self._plain and sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
