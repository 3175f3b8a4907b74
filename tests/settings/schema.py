"""Write `workbench/tuned.schema.json` from the settings: `python -m tests.settings.schema`."""

import json
from pathlib import Path

from workbench.tuned import Tuned

if __name__ == "__main__":
    file = Path(__file__).parents[2] / "workbench" / "tuned.schema.json"
    text = json.dumps(Tuned.model_json_schema(), indent=2, ensure_ascii=False)
    file.write_text(text + "\n")
