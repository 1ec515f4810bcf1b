"""Runs the engine in V8 in Python: `python -I -S racer_host.py JOB`, confined, without our packages but mini-racer."""

import importlib.util
import json
import sys
from pathlib import Path


def main() -> None:
    """Prints the engine's answer as one line of JSON."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    # By its file: the folder it is in may not be looked through.
    package = Path(job["package"])
    spec = importlib.util.spec_from_file_location(
        "py_mini_racer", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None
    assert spec.loader is not None
    racer = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = racer
    spec.loader.exec_module(racer)
    racer.init_mini_racer(flags=job["flags"])
    with racer.MiniRacer() as v8:
        v8.eval(job["program"] + "\n; 1")
        v8.eval(f"start({json.dumps(job['wasm'])}, GLUE, {json.dumps(job['files'])}); 1")
        print(v8.eval("outcome"))


if __name__ == "__main__":
    main()
