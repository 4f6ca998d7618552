# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""doc/openapi.yaml as a test wants it."""
import unittest

from stack import SRCDIR

try:
	import jsonschema
	import yaml
except ImportError as error:
	raise unittest.SkipTest(f"{error.name} is not installed (Debian: python3-{error.name})") from error

FILE = SRCDIR / "doc/openapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch")
document = yaml.safe_load(FILE.read_text())


def resolve(node):
	"""What a reference inside the document refers to."""
	while "$ref" in node:
		target = document
		for part in node["$ref"].removeprefix("#/").split("/"):
			target = target[part.replace("~1", "/").replace("~0", "~")]
		node = target
	return node


def operations():
	"""Each (METHOD, path, operation)."""
	for path, item in document["paths"].items():
		for method in METHODS:
			if method in item:
				yield method.upper(), path, item[method]


def contents():
	"""Each (where, media type object) with a schema: bodies of requests and of answers."""
	for method, path, operation in operations():
		if "requestBody" in operation:
			yield f"{method} {path} request", resolve(operation["requestBody"])["content"]["application/json"]
		for status, response in operation["responses"].items():
			for content in resolve(response).get("content", {}).values():
				yield f"{method} {path} {status}", content


def examples(content):
	"""Each (name, value) of a media type object."""
	if "example" in content:
		yield "example", content["example"]
	for name, example in content.get("examples", {}).items():
		yield name, resolve(example)["value"]


def validate(value, schema):
	"""Fails unless `value` keeps to a schema of the document (OpenAPI 3.1's are JSON Schema 2020-12)."""
	jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)
