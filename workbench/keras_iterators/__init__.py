"""Make Keras's `ImageDataGenerator` iterators fast, and change nothing else.

Imports what pipeline may import, pipeline, measure and loader.
"""
