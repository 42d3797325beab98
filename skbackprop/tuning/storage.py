"""Where the trials of a search are kept, and how processes find them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from skbackprop._compat import InvalidParameterError
from skbackprop.tuning._optuna import import_optuna, quiet

# Under this name a trial of the study holds what came of it.
RECORD = "skbackprop"
# Of a lock on a journal whose owner was killed, seconds without any writing.
STALE = 5


def open_storage(storage: Any) -> Any:
    """Return the storage that a user asked for.

    Parameters
    ----------
    storage : str, path-like, optuna.storages.BaseStorage or None
        A URL such as ``"sqlite:///study.db"``, the path of a journal file, a storage
        of Optuna, or None for memory.

    Returns
    -------
    optuna.storages.BaseStorage
        The storage.
    """
    storages = import_optuna().storages
    if storage is None:
        return storages.InMemoryStorage()
    if isinstance(storage, storages.BaseStorage):
        return storage
    if not isinstance(storage, str | os.PathLike):
        raise InvalidParameterError(
            "storage is to be the path of a journal file, a URL such as "
            f"'sqlite:///study.db', a storage of Optuna, or None; got {storage!r}."
        )
    if "://" not in str(storage):
        return _journal(Path(storage))
    url = str(storage)
    # Several processes write: each waits for its turn.
    patience = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else None
    return storages.RDBStorage(url, engine_kwargs=patience)


def open_study(storage: Any, name: str) -> Any:
    """Return the study of that name, an existing one if there is one.

    Parameters
    ----------
    storage : optuna.storages.BaseStorage
        Where it is.
    name : str
        Its name.

    Returns
    -------
    optuna.study.Study
        The study, which looks for the greatest score.
    """
    optuna = import_optuna()
    with quiet():
        study = optuna.create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True
        )
    if study.direction != optuna.study.StudyDirection.MAXIMIZE:
        raise ValueError(
            f"The study {name!r} looks for the smallest value, but greater scores are "
            "better: choose another study_name."
        )
    return study


def results(study: Any) -> list[Any]:
    """Return the trials that something came of, oldest first.

    Parameters
    ----------
    study : optuna.study.Study
        The study.

    Returns
    -------
    list of optuna.trial.FrozenTrial
        Those with a record.
    """
    trials = study.get_trials(deepcopy=False)
    return [t for t in trials if RECORD in t.user_attrs and t.state.is_finished()]


@contextmanager
def shared_storage(storage: Any, several: bool) -> Iterator[Any]:
    """Return what each worker can open for itself.

    Parameters
    ----------
    storage : str, path-like, optuna.storages.BaseStorage or None
        What the user asked for; memory is one process's own.
    several : bool
        Whether there is more than one worker.

    Yields
    ------
    str, path-like or optuna.storages.BaseStorage
        For :func:`open_storage`.
    """
    optuna = import_optuna()
    if not several:
        yield open_storage(storage)
    elif storage is None:
        with TemporaryDirectory() as folder:
            yield Path(folder) / "journal"
    elif isinstance(storage, optuna.storages.InMemoryStorage):
        raise ValueError(
            "Workers cannot share an InMemoryStorage: use storage=None, a file, or "
            "n_jobs=1."
        )
    else:
        yield storage


def in_memory(storage: Any, name: str) -> Any:
    """Return a copy of a study in memory, where it outlives its storage.

    Parameters
    ----------
    storage : optuna.storages.BaseStorage
        Where it is.
    name : str
        Its name.

    Returns
    -------
    optuna.study.Study
        The copy.
    """
    optuna, memory = import_optuna(), open_storage(None)
    with quiet():
        optuna.copy_study(from_study_name=name, from_storage=storage, to_storage=memory)
    return open_study(memory, name)


def _journal(path: Path) -> Any:
    journal = import_optuna().storages.journal
    make = (
        journal.JournalFileOpenLock
        if os.name == "nt"
        else journal.JournalFileSymlinkLock
    )
    lock = make(str(path), grace_period=STALE)
    backend = journal.JournalFileBackend(str(path), lock_obj=lock)
    lock.acquire()
    try:
        _mend(path)
    finally:
        lock.release()
    return import_optuna().storages.JournalStorage(backend)


def _mend(path: Path) -> None:
    """Cut off half a line, which a killed process left: the next would continue it."""
    with path.open("rb+") as file:
        if not _is_journal(file.readline()):
            raise ValueError(
                f"{str(path)!r} is not a journal of Optuna. For a data base give a "
                f"URL, such as 'sqlite:///{path}'."
            )
        if not file.seek(0, os.SEEK_END):
            return
        file.seek(-1, os.SEEK_END)
        if file.read() != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def _is_journal(line: bytes) -> bool:
    """Tell whether a file may begin with this line, half a line, or nothing."""
    if not line.endswith(b"\n"):
        return line[:1] in (b"", b"{")
    try:
        return "op_code" in json.loads(line)
    except ValueError:
        return False
