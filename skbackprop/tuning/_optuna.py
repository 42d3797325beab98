"""Optuna, imported when it is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from types import ModuleType

# Verbosity is the process's: threads that change it take turns.
TURNS = RLock()


def import_optuna() -> ModuleType:
    """Return Optuna, or say how to install it."""
    try:
        import optuna
    except ImportError as missing:
        raise ImportError(
            "Searching needs Optuna: install it with `pip install 'skbackprop[tune]'`."
        ) from missing
    return optuna


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from telling of each study that it makes or finds."""
    logging = import_optuna().logging
    with TURNS:
        verbosity = logging.get_verbosity()
        logging.set_verbosity(max(verbosity, logging.WARNING))
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
