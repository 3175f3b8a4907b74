"""Advice on exceptions that come from what libraries have removed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workbench.isolation.restore_state import instance_attributes

# (pattern of the exception's message, advice). The first match counts.
_REMOVED = (
    (
        r"module 'numpy' has no attribute '(int|float|bool|object|str|complex)'",
        r"np.\1 was removed in NumPy 1.24: write \1 itself, or a sized type such as np.int64 or "
        "np.float32.",
    ),
    (
        r"module 'numpy' has no attribute '(bool8|product|cumproduct|sometrue|alltrue|in1d)'",
        r"np.\1 was removed in NumPy 2. Use np.bool_, np.prod, np.cumprod, np.any, np.all or "
        "np.isin.",
    ),
    (
        r"'ImageDataGenerator' from 'keras|'keras\S*' has no attribute 'ImageDataGenerator'",
        "ImageDataGenerator was removed from Keras 3's namespace. Use "
        "from tensorflow.keras.preprocessing.image import ImageDataGenerator.",
    ),
    (
        r"'(\w*[Ii]terator|generator)' object has no attribute 'next'",
        "Iterators have no .next() in Python 3. Use next(iterator).",
    ),
    (
        r"has no attribute '(fit|evaluate|predict)_generator'",
        r"\1_generator was removed in Keras 3. model.\1 accepts generators.",
    ),
    (
        r"unexpected keyword argument '(workers|use_multiprocessing|max_queue_size)'",
        r"In Keras 3, \1 is not an argument of fit. Pass it to the constructor of "
        "keras.utils.PyDataset, or set it as an attribute of the iterator.",
    ),
    (
        r"'PIL\.Image' has no attribute '(ANTIALIAS|LINEAR|CUBIC)'",
        r"Image.\1 was removed in Pillow 10. Use Image.Resampling.LANCZOS, BILINEAR or BICUBIC.",
    ),
    (
        r"scipy\.misc' has no attribute|cannot import name 'im(read|resize|save)' from 'scipy",
        "SciPy's image functions were removed. Use cv2.imread and cv2.resize, or PIL.",
    ),
    (
        r"unexpected keyword argument 'multichannel'",
        "multichannel was removed in scikit-image 0.22. Use channel_axis=-1.",
    ),
    (
        r"generator already executing",
        "Two threads call next() on one generator at the same time. Guard next() with a "
        "threading.Lock, compute the batch from its index instead, or use one worker.",
    ),
)


def message(error: BaseException) -> str:
    """The message of an exception, whose `__str__` may itself raise, or exit."""
    try:
        return str(error)
    except BaseException as broken:
        if is_interrupt(broken):
            raise
        return f"(its message raised {type(broken).__name__})"


def described(error: BaseException) -> str:
    """The type and the message of an exception."""
    return f"{type(error).__name__}: {message(error)}".removesuffix(": ")


def is_interrupt(error: BaseException) -> bool:
    """Whether an exception is the user's Ctrl-C: a KeyboardInterrupt in the main thread."""
    main = threading.current_thread() is threading.main_thread()
    return main and isinstance(error, KeyboardInterrupt)


def replacement(error: BaseException) -> str:
    """What to use instead of a removed name; empty if the exception has another cause.

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


def explain(error: BaseException) -> None:
    """Add advice to an exception as a note, which Python prints below its message."""
    advice = replacement(error)
    if advice and advice not in instance_attributes(error).get("__notes__", ()):
        error.add_note(advice)


@contextmanager
def explain_errors() -> Iterator[None]:
    """Explain exceptions that leave this context."""
    try:
        yield
    except Exception as error:
        explain(error)
        raise


@contextmanager
def convert_exits() -> Iterator[None]:
    """Turn `sys.exit()` and the like, which would end a thread silently, into an error.

    A KeyboardInterrupt in the main thread is the user's Ctrl-C and passes unchanged.

    Raises:
        RuntimeError: In place of any exception that is not an `Exception`.
    """
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        if is_interrupt(error):
            raise
        what = f"{type(error).__name__}({message(error)})"
        text = f"it raised {what}, which would end a training script without a message"
        raise RuntimeError(text).with_traceback(error.__traceback__) from None
