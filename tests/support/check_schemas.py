#!/usr/bin/env python3
"""check_schemas.py SCHEMAS OUTPUTS: each OUTPUTS/NAME.N.json must be as SCHEMAS/NAME.json says, and
each schema must be one and have an output. Prints what is wrong, a line each; exit code 1 when anything is."""
import json
import pathlib
import sys

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match


def reason(error):
    """What is wrong, in the shape that fits best where there are several."""
    while error.validator == "anyOf":
        shapes = {}
        for inner in error.context:
            shapes.setdefault(inner.schema_path[0], []).append(inner)
        error = min(shapes.values(), key=len)[0]
    return f"{error.json_path}: {error.message[-300:]}"


def main():
    schemas, outputs = map(pathlib.Path, sys.argv[1:])
    validators, printed, wrong = {}, set(), []
    for path in sorted(schemas.glob("*.json")):
        schema = json.loads(path.read_text())
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            wrong.append(f"{path.name}: {error.message}")
        validators[path.stem] = Draft202012Validator(schema)
    for path in sorted(outputs.glob("*.json")):
        name = path.name.split(".")[0]
        if name not in validators:
            wrong.append(f"{name}: there is no docs/schema/{name}.json")
            continue
        error = best_match(validators[name].iter_errors(json.loads(path.read_text())))
        if error:
            wrong.append(f"{path.name}: {reason(error)}")
        printed.add(name)
    wrong += [f"{name}.json: no command of the test prints it" for name in validators
              if name not in printed]
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
