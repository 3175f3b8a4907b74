"""Canaries: what `compat` uses of Keras's private modules."""

from __future__ import annotations

import inspect
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras.src.trainers.data_adapters import py_dataset_adapter

from tests.conftest import ROOT
from workbench.compat import keras_feed
from workbench.compat.keras_module_names import IMAGES, PY_DATASET, is_keras_iterator

MOVED = f"Keras {keras.__version__}: "


class Numbers(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        if index == 3 and self.max_queue_size == 3:
            raise KeyError("image_id")
        return (np.full((2, 1), index, np.float32),)


def pooled(**feed):
    return keras_feed.FeedAdapter(Numbers(workers=2, **feed))


def test_modules_are_where_classes_say_they_are():
    assert keras.utils.PyDataset.__module__ == PY_DATASET, MOVED + "PyDataset has moved"
    images = keras.src.legacy.preprocessing.image
    assert images.__name__ == IMAGES, MOVED + "ImageDataGenerator has moved"
    flow = images.ImageDataGenerator().flow(np.zeros((2, 4, 4, 1)))
    assert is_keras_iterator(flow), MOVED + "its iterators have moved"


def test_the_adapter_gives_the_batches_of_an_epoch():
    adapter = pooled()
    adapter.on_epoch_begin()
    found = [int(batch[0][0, 0]) for batch, _ in zip(adapter.batches(), range(4), strict=False)]
    adapter.on_epoch_end()
    assert found == [0, 1, 2, 3], MOVED + "_get_iterator gives something else"


def test_the_adapter_keeps_the_exception_of_a_dataset():
    adapter = pooled(max_queue_size=3)
    adapter.on_epoch_begin()
    with pytest.raises(RuntimeError):
        list(adapter._get_iterator())
    adapter.on_epoch_end()
    assert isinstance(adapter.error, KeyError), MOVED + "_get_iterator is not what fit iterates"


def test_each_epoch_makes_a_pool_through_the_enqueuer():
    adapter, pools = pooled(), []

    def keep(make):
        pools.append(make())
        return pools[-1]

    keras_feed.on_new_pool(adapter.enqueuer, keep)
    for _ in range(2):
        adapter.on_epoch_begin()
        next(adapter.batches())
        adapter.on_epoch_end()
    assert len({id(pool) for pool in pools}) == 2, MOVED + "executor_fn does not make each pool"


def test_the_enqueuer_has_a_queue_and_a_place_among_the_shared_datasets():
    adapter = pooled()
    keras_feed.drop_queued_batch(adapter.enqueuer)
    adapter.on_epoch_begin()
    uid = adapter.enqueuer.uid
    assert uid in py_dataset_adapter._SHARED_SEQUENCES, MOVED + "datasets are shared elsewhere"
    adapter.on_epoch_end()
    keras_feed.forget_dataset(adapter.enqueuer)
    assert py_dataset_adapter._SHARED_SEQUENCES[uid] is None


def test_a_missing_worker_queue_is_made_anew():
    source = inspect.getsource(py_dataset_adapter.get_worker_id_queue)
    assert "_WORKER_ID_QUEUE is None" in source, MOVED + "get_worker_id_queue has changed"
    keras_feed.renew_worker_queue()
    assert py_dataset_adapter._WORKER_ID_QUEUE is None


def test_keras_can_be_imported_by_another_thread_meanwhile():
    """Keras's own import order: the panel imports the feed while the user's cell imports Keras."""
    code = (
        "import threading\n"
        "def feed():\n    import workbench.compat.keras_feed\n"
        "thread = threading.Thread(target=feed)\nthread.start()\n"
        "import keras\nthread.join()\nprint(keras.utils.PyDataset.__name__)"
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.stdout == "PyDataset\n", done.stderr
