# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The curl commands of README.md, pasted as they stand: each answers what is written below it."""
import os
import re
import shutil
import subprocess
import unittest

from stack import SRCDIR, Stack

stack = None
ADDRESS = "http://127.0.0.1:3000/"


def setUpModule():
	global stack
	stack = Stack().start()


def tearDownModule():
	stack.finish()


def masked(text):
	"""Without what differs each time: ids and times."""
	return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", re.sub(r"[0-9a-f]{24}", "ID", text))


def blocks():
	"""Indented blocks of the page, without their indentation."""
	text = (SRCDIR / "README.md").read_text()
	return [re.sub(r"(?m)^    ", "", block).strip("\n") for block in re.findall(r"(?m)(?:^    .*\n)+", text)]


class Readme(unittest.TestCase):
	@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
	def test_curl_commands_answer_what_is_written(self):
		found = blocks()
		environment = {**os.environ, "SLA_TOKEN": stack.admin.token, "SLA_USER": stack.admin.user_id}
		commands = 0
		for block, written in zip(found, found[1:]):
			if not block.startswith("curl"):
				continue
			command = block.replace(ADDRESS, f"http://127.0.0.1:{stack.web.port}/")
			with self.subTest(block.split("\n")[0]):
				result = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True)
				self.assertEqual((result.returncode, masked(result.stdout)), (0, masked(written)), result.stderr)
			created = re.search(r'"_id":"([0-9a-f]{24})"', result.stdout)
			environment.setdefault("SLA_ID", created[1] if created else "")
			commands += 1
		self.assertEqual(commands, 5)
