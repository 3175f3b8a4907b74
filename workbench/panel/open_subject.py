"""From what a user passes to the subject of a panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.loaders.adapt import described, is_loader
from workbench.panel.loader_subject import LoaderSubject
from workbench.panel.pipeline_subject import PipelineSubject
from workbench.panel.subject import Subject
from workbench.settings import Settings
from workbench.tuned import Tuned


def open_subject(
    data: Any, controls: dict[str, Any], class_weight: Mapping[Any, float] | None
) -> Subject:
    """Open data that the workbench reads itself, or wrap a user's loader or factory.

    Args:
        data: As for `Workbench`.
        controls: Keywords of a factory.
        class_weight: As for Keras's `fit`.

    Raises:
        TypeError: If there are keywords, but no factory.
    """
    if not isinstance(data, Settings | Tuned) and is_loader(data):
        return LoaderSubject(data, controls, class_weight)
    if controls:
        raise TypeError(
            f"{', '.join(controls)}: keywords are for a function or class that makes a loader. "
            f"Received: {described(data)}"
        )
    return PipelineSubject(data, class_weight)
