"""What to write instead, where an exception comes from something that libraries have removed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# (what the exception says, what to do). The first that is found counts.
_REMOVED = (
    (
        r"module 'numpy' has no attribute '(int|float|bool|object|str|complex)'",
        r"np.\1 was removed in NumPy 1.24: write \1 itself, or a sized type such as "
        "np.int64 or np.float32.",
    ),
    (
        r"module 'numpy' has no attribute '(bool8|product|cumproduct|sometrue|alltrue|in1d)'",
        r"np.\1 was removed in NumPy 2: np.bool_, np.prod, np.cumprod, np.any, np.all and np.isin "
        "are there instead.",
    ),
    (
        r"'ImageDataGenerator' from 'keras|'keras\S*' has no attribute 'ImageDataGenerator'",
        "Keras 3 has it no more under that name: from tensorflow.keras.preprocessing.image import "
        "ImageDataGenerator.",
    ),
    (
        r"'(\w*[Ii]terator|generator)' object has no attribute 'next'",
        "Iterators have no .next() in Python 3: write next(iterator).",
    ),
    (
        r"has no attribute '(fit|evaluate|predict)_generator'",
        r"\1_generator was removed in Keras 3: model.\1 takes generators.",
    ),
    (
        r"unexpected keyword argument '(workers|use_multiprocessing|max_queue_size)'",
        r"fit takes no \1 in Keras 3: it is an argument of keras.utils.PyDataset's constructor, or "
        "an attribute of the iterator.",
    ),
    (
        r"'PIL\.Image' has no attribute '(ANTIALIAS|LINEAR|CUBIC)'",
        "Pillow 10 removed it: Image.Resampling.LANCZOS, BILINEAR or BICUBIC.",
    ),
    (
        r"scipy\.misc' has no attribute|cannot import name 'im(read|resize|save)' from 'scipy",
        "SciPy has no image functions any more: cv2.imread and cv2.resize, or PIL.",
    ),
    (
        r"unexpected keyword argument 'multichannel'",
        "scikit-image 0.22 removed it: write channel_axis=-1.",
    ),
    (
        r"generator already executing",
        "Two threads ask one generator at a time: run it with one worker, hold a threading.Lock "
        "around next(), or make it a keras.utils.PyDataset.",
    ),
)


def message(error: BaseException) -> str:
    """Its text; a user's own exception may raise instead of giving one."""
    try:
        return str(error)
    except Exception as broken:
        return f"(its message raised {type(broken).__name__})"


def replacement(error: BaseException) -> str:
    """What to write instead; empty where it is not a removal that we know.

    Example:
        >>> replacement(AttributeError("module 'numpy' has no attribute 'int'."))
        'np.int was removed in NumPy 1.24: write int itself, ...'
    """
    text = message(error)
    for pattern, advice in _REMOVED:
        found = re.search(pattern, text)
        if found:
            return found.expand(advice)
    return ""


@contextmanager
def explained() -> Iterator[None]:
    """Within this, exceptions are explained."""
    try:
        yield
    except Exception as error:
        explain(error)
        raise


@contextmanager
def contained() -> Iterator[None]:
    """Within this, what would end a thread without a word becomes an error: `sys.exit()`.

    Raises:
        RuntimeError: In its place. Ctrl-C in the main thread is the user's own, and stays.
    """
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        main = threading.current_thread() is threading.main_thread()
        if main and isinstance(error, KeyboardInterrupt):
            raise
        what = f"{type(error).__name__}({message(error)})"
        text = f"it raised {what}, which ends a training script without a word"
        raise RuntimeError(text).with_traceback(error.__traceback__) from None


def explain(error: BaseException) -> None:
    """Add the advice to the exception, where Python shows it below the message."""
    advice = replacement(error)
    if advice and advice not in getattr(error, "__notes__", ()):
        error.add_note(advice)
