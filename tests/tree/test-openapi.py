# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The API's description: whole, valid, and the same as the route table."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import openapi
from stack import BUILDDIR


def linter():
	"""Redocly's, if somebody has put it there: $REDOCLY, the path, or where ./check installs it."""
	places = (os.environ.get("REDOCLY"), shutil.which("redocly"), BUILDDIR.parent / "redocly/node_modules/.bin/redocly")
	return next((str(place) for place in places if place and pathlib.Path(place).exists()), None)


class Description(unittest.TestCase):
	def test_routes_are_those_of_the_program(self):
		printed = subprocess.run([BUILDDIR / "tests/tree/routes"], check=True, capture_output=True, text=True).stdout
		described = [f"{method} {re.sub(r'{[^}]*}', ':', path).removeprefix('/')}" for method, path, _ in openapi.operations()]
		self.assertEqual(sorted(described), sorted(printed.splitlines()))

	def test_examples_keep_to_their_schemas(self):
		for where, content in openapi.contents():
			shown = list(openapi.examples(content))
			self.assertTrue(shown, f"{where} has no example")
			for name, value in shown:
				with self.subTest(f"{where} {name}"):
					openapi.validate(value, content["schema"])

	def test_operations_are_named_and_tagged(self):
		tags = {tag["name"] for tag in openapi.document["tags"]}
		names = [operation["operationId"] for _, _, operation in openapi.operations()]
		self.assertEqual(len(names), len(set(names)))
		for _, path, operation in openapi.operations():
			with self.subTest(operation["operationId"]):
				self.assertTrue(operation["summary"])
				self.assertTrue(operation["tags"] and set(operation["tags"]) <= tags)

	@unittest.skipUnless(linter(), "redocly is not installed (npm's @redocly/cli)")
	def test_lint(self):
		result = subprocess.run([linter(), "lint", "--config", openapi.SRCDIR / "tests/tree/redocly.yaml", openapi.FILE],
		                        capture_output=True, text=True, env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"})
		self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
