#!/usr/bin/python3
"""docs/api/openapi.yaml as what the bureau's answers are held against. As a program:

    tests/api_contract.py routes
        every route of bureau/api/api.c stands in the contract with its query parameters, and the other way round
    tests/api_contract.py METHOD PATH STATUS [CONTENT-TYPE] <BODY
        whether this is an answer that the contract allows: for tests that ask with curl

Prints what is wrong, a line each; exit code 0 when nothing is, else 1. Python's tests use class Contract. It is strict: a
member, status, media type or query parameter that is not in the contract is wrong.
"""

import json
import os
import re
import sys

import jsonschema
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time")
def is_instant(value):
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", value))


@FORMATS.checks("date")
def is_day(value):
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value))


class Contract:
    def __init__(self, path=os.path.join(ROOT, "docs/api/openapi.yaml")):
        with open(path, encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        self.paths = self.document["paths"]
        schemas = self.document["components"]["schemas"]
        self.definitions = {name: self.schema(schema) for name, schema in schemas.items()}

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    # --- OpenAPI 3.0 schemas as JSON Schema ---

    def schema(self, node):
        name = node.get("$ref", "").removeprefix("#/components/schemas/")
        if name:
            return {"$ref": "#/definitions/" + name}
        node = dict(node)
        node.pop("example", None)
        if "allOf" in node:
            node = self.merged(node)
        nullable = node.pop("nullable", False)
        if "properties" in node:
            node["properties"] = {name: self.schema(value) for name, value in node["properties"].items()}
            node.setdefault("additionalProperties", False)
        if isinstance(node.get("additionalProperties"), dict):
            node["additionalProperties"] = self.schema(node["additionalProperties"])
        if "items" in node:
            node["items"] = self.schema(node["items"])
        for key in ("oneOf", "anyOf"):
            if key in node:
                node[key] = [self.schema(value) for value in node[key]]
        return {"anyOf": [{"type": "null"}, node]} if nullable else node

    def merged(self, node):
        """Objects that are said in parts are one object, so that what is in none of them is seen."""
        rest = {key: value for key, value in node.items() if key != "allOf"}
        for part in node["allOf"]:
            part = dict(self.resolve(part))
            if "allOf" in part:
                part = self.merged(part)
            rest["properties"] = {**part.pop("properties", {}), **rest.get("properties", {})}
            rest["required"] = part.pop("required", []) + rest.get("required", [])
            rest = {**part, **rest}
        for key in ("properties", "required"):
            if not rest[key]:
                del rest[key]
        return rest

    def validator(self, schema):
        return jsonschema.Draft7Validator({"definitions": self.definitions, "allOf": [self.schema(schema)]}, format_checker=FORMATS)

    # --- answers ---

    def operation(self, method, path):
        """(what the contract calls the path, the operation); None = not in it."""
        path = path.split("?")[0]
        for literal in (True, False):
            for name, item in self.paths.items():
                pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(name))
                if literal == (name == path) and re.fullmatch(pattern, path) and method.lower() in item:
                    return name, item[method.lower()]
        return None

    def check(self, method, path, status, headers, body):
        """What is wrong with this answer, a list of texts. headers: names in lower case; body: bytes."""
        found = self.operation("GET" if method == "HEAD" else method, path)
        where = f"{method} {path}: {status}"
        if found is None:
            return [f"{where}: no such operation in the contract"]
        response = self.resolve(found[1]["responses"].get(str(status)))
        if response is None:
            return [f"{where}: no such status in the contract"]
        wrong = [f"{where}: no header {name}" for name, header in response.get("headers", {}).items()
                 if self.resolve(header).get("required") and name.lower() not in headers]
        content = response.get("content", {})
        media = headers.get("content-type", "").split(";")[0].strip()
        if method == "HEAD" or (not content and not body):
            return wrong
        if media not in content:
            return wrong + [f"{where}: {media or 'no media type'}, not {' or '.join(content) or 'nothing'}"]
        if media.endswith("json"):
            wrong += [f"{where}: {problem}" for problem in self.problems(content[media]["schema"], body)]
        return wrong

    def problems(self, schema, body):
        try:
            value = json.loads(body.decode("utf-8"))
        except ValueError as error:
            return [f"no JSON: {error}"]
        return [f"{'/'.join(map(str, error.absolute_path)) or 'the answer'}: {error.message[:300]}"
                for error in sorted(self.validator(schema).iter_errors(value), key=str)]

    # --- the routes ---

    def parameters(self, item, operation):
        stated = [self.resolve(parameter) for parameter in item.get("parameters", []) + operation.get("parameters", [])]
        return {parameter["name"] for parameter in stated if parameter["in"] == "query"}

    def routes(self):
        """{(method, path with '*'): names of query parameters}"""
        return {(method.upper(), re.sub(r"\{[^}]*\}", "*", path)): self.parameters(item, item[method])
                for path, item in self.paths.items() for method in item if method in ("get", "post", "put", "patch", "delete")}

    def examples(self):
        """What is wrong with the contract's own examples of schemas."""
        return [f"example of {name}: {error.message}" for name, schema in self.document["components"]["schemas"].items()
                if isinstance(schema, dict) and "example" in schema
                for error in self.validator(schema).iter_errors(schema["example"])]


def code_routes(path=os.path.join(ROOT, "bureau/api/api.c")):
    """The table ROUTES, but for files: their handlers are called ..._file."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    table = re.search(r"\} ROUTES\[\] = \{(.*?)\n\};", text, re.S).group(1)
    entries = re.findall(r'\{"([A-Z]+)",\s*"(/[^"]*)",\s*(\w+),[^{}]*\{([^{}]*)\}\s*,?\s*\}', table)
    if len(entries) != len(re.findall(r'\{"[A-Z]+",\s*"/', table)):
        raise SystemExit("tests/api_contract.py: cannot read the table ROUTES of bureau/api/api.c")
    return {(method, pattern.replace("**", "*")): set(re.findall(r'"([^"]*)"', names))
            for method, pattern, handler, names in entries if not handler.endswith("_file")}


def check_routes(contract):
    code, stated = code_routes(), contract.routes()
    wrong = [f"{' '.join(route)}: not in the contract" for route in code if route not in stated]
    wrong += [f"{' '.join(route)}: in the contract, but not in bureau/api/api.c" for route in stated if route not in code]
    wrong += [f"{' '.join(route)}: query parameters {sorted(code[route])}, in the contract {sorted(stated[route])}"
              for route in code if route in stated and code[route] != stated[route]]
    return wrong + contract.examples()


def main(arguments):
    contract = Contract()
    if arguments == ["routes"]:
        wrong = check_routes(contract)
    elif len(arguments) in (3, 4):
        method, path, status = arguments[:3]
        headers = {"content-type": (arguments[3:] + [""])[0], "etag": "?", "vary": "?"}
        wrong = contract.check(method, path, int(status), headers, sys.stdin.buffer.read())
    else:
        print(__doc__, file=sys.stderr)
        return 2
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
