"""Keras's `ImageDataGenerator` iterators, made fast with nothing else changed."""
