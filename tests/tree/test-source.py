# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The rules that the source keeps: floors, sizes, headings."""
import re
import unittest

from stack import SRCDIR

# What a floor may include beside itself.
FLOORS = {
	"base": set(),
	"db": {"base"},
	"json": {"base"},
	"http": {"base"},
	"model": {"base", "db"},
	"api": {"base", "http", "json", "model"},
	"server": {"base", "db", "http", "model", "api"},
}
FILE_MOST = 600
FUNCTION_MOST = 60
LINE_MOST = 140
TAB = 4

sources = sorted(path for path in (SRCDIR / "src").rglob("*.[ch]"))


def functions(text):
	"""(line, length) of each: its body stands between a { and a } in column 0."""
	start = None
	for number, line in enumerate(text.splitlines(), 1):
		if line == "{":
			start = number
		elif line == "}" and start is not None:
			yield start, number - start + 2
			start = None


class Source(unittest.TestCase):
	def test_there_are_sources(self):
		self.assertGreater(len(sources), 20)

	def test_includes_go_down(self):
		for path in sources:
			floor = path.relative_to(SRCDIR / "src").parts[0]
			for included in re.findall(r'^#include "(\w+)/', path.read_text(), re.MULTILINE):
				if floor in FLOORS and included != floor:
					self.assertIn(included, FLOORS[floor], f"{path} climbs")

	def test_files_are_short_and_headed(self):
		for path in sources:
			text = path.read_text()
			self.assertLessEqual(text.count("\n"), FILE_MOST, path)
			self.assertTrue(text.startswith("/* SPDX-License-Identifier: BSD-2-Clause\n * Copyright (c) "), path)

	def test_functions_are_short(self):
		for path in sources:
			for start, length in functions(path.read_text()):
				self.assertLessEqual(length, FUNCTION_MOST, f"{path}:{start}")

	def test_lines_are_short(self):
		for path in sources:
			for number, line in enumerate(path.read_text().splitlines(), 1):
				self.assertLessEqual(len(line.expandtabs(TAB)), LINE_MOST, f"{path}:{number}")
				self.assertEqual(line.rstrip(), line, f"{path}:{number} ends with white space")
