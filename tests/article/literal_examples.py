"""The article's examples with their faults left in: what `examples` mends."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workbench.article.examples import AUGMENTATION


def image_data_generator():
    from keras.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(**AUGMENTATION)


def augment_each_sample(images, labels, batch_size=32, seed=0):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(**AUGMENTATION)
    while True:
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size].astype(np.float32)
            augmented = [generator.random_transform(image) for image in batch]
            yield np.array(augmented), labels[start : start + batch_size]


def augment_with_flow(images, labels, batch_size=32, seed=0):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(**AUGMENTATION)
    while True:
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size]
            flow = generator.flow(batch, batch_size=len(batch), shuffle=False)
            yield flow.next(), labels[start : start + batch_size]


def scale_in_a_loop(features, labels, batch_size=32):
    while True:
        for start in range(0, len(features), batch_size):
            batch = features[start : start + batch_size]
            for place in range(len(batch)):
                batch[place] = (batch[place] - np.mean(batch[place])) / np.std(batch[place])
            yield batch, labels[start : start + batch_size]


def scale_vectorized(features, labels, batch_size=32):
    while True:
        for start in range(0, len(features), batch_size):
            batch = features[start : start + batch_size]
            mean, std = (f(batch, axis=1, keepdims=True) for f in (np.mean, np.std))
            yield (batch - mean) / std, labels[start : start + batch_size]


def read_from_npy(folder, batch_size=32):
    images, labels = np.load(Path(folder) / "data.npy"), np.load(Path(folder) / "labels.npy")
    while True:
        for start in range(0, len(images), batch_size):
            yield images[start : start + batch_size], labels[start : start + batch_size]
