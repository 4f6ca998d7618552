# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Manual pages, the sample configuration and scripts: well formed, and in step with the program."""
import re
import shutil
import subprocess
import unittest

from stack import BUILDDIR, DAEMON, SLACTL, SRCDIR

SAMPLE = BUILDDIR / "conf/livechat-sla.conf"
CONFIGURATION_PAGE = BUILDDIR / "man/livechat-sla.conf.5"
SCRIPTS = ("demo", "check", ".ci/run", "tests/lib/prepare.sh")


def output(*command):
	return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


def keys_of_program():
	"""key -> default, as --help lists them."""
	return dict(re.findall(r"^ +--([a-z-]+)=(?:[A-Z|a-z]+) .*\((.*)\)$", output(DAEMON, "--help"), re.MULTILINE))


class Pages(unittest.TestCase):
	@unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
	def test_lint(self):
		for page in sorted((BUILDDIR / "man").glob("*.[58]")):
			with self.subTest(page.name):
				result = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True)
				self.assertEqual((result.stdout, result.returncode), ("", 0))

	def test_nothing_is_left_to_substitute(self):
		for path in (SAMPLE, *(BUILDDIR / "man").glob("*.[58]")):
			with self.subTest(path.name):
				self.assertNotRegex(path.read_text(), "@[a-z]+@")


class Security(unittest.TestCase):
	def test_page_names_tests_that_are_there(self):
		named = set(re.findall(r"[\w-]+/test-[\w-]+\.(?:py|c)", (SRCDIR / "doc/security.md").read_text()))
		self.assertGreater(len(named), 10)
		self.assertEqual([name for name in sorted(named) if not (SRCDIR / "tests" / name).is_file()], [])

	def test_page_goes_through_all_ten(self):
		text = (SRCDIR / "doc/security.md").read_text()
		self.assertEqual(re.findall(r"^\*\*API(\d+) ", text, re.MULTILINE), [str(number + 1) for number in range(10)])


class Scripts(unittest.TestCase):
	@unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
	def test_shellcheck(self):
		for script in SCRIPTS:
			with self.subTest(script):
				result = subprocess.run(["shellcheck", "-x", "-P", SRCDIR, SRCDIR / script], capture_output=True, text=True)
				self.assertEqual(result.stdout, "")


class Keys(unittest.TestCase):
	def test_program_lists_its_keys_in_order(self):
		keys = list(keys_of_program())
		self.assertIn("workers", keys)
		self.assertEqual(keys, sorted(keys))

	def test_sample_has_every_key_at_its_default(self):
		group = SAMPLE.read_text().split("[livechat-sla]")[1].split("[client-livechat-sla]")[0]
		self.assertEqual(dict(sorted(re.findall(r"^#([a-z-]+) = ?(.*)$", group, re.MULTILINE))), keys_of_program())

	def test_page_explains_every_key_in_order(self):
		text = CONFIGURATION_PAGE.read_text()
		self.assertEqual(re.findall(r"^\.It Cm ([a-z-]+) No =", text, re.MULTILINE), list(keys_of_program()))

	def test_page_tells_every_default(self):
		sections = re.split(r"^\.It Cm ", CONFIGURATION_PAGE.read_text(), flags=re.MULTILINE)
		told = {section.split(" ", 1)[0]: section for section in sections}
		for key, default in keys_of_program().items():
			if default:
				with self.subTest(key):
					self.assertRegex(told[key], rf"(?m)^\.Ql {re.escape(default)}( \.)?$")


class Commands(unittest.TestCase):
	def test_page_explains_every_command(self):
		text = (BUILDDIR / "man/livechat-slactl.8").read_text()
		commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)", output(SLACTL, "--help"), re.MULTILINE)
		self.assertIn("db init", commands)
		for command in commands:
			with self.subTest(command):
				self.assertIn(f".It Cm {command}", text)

	def complete(self, *words):
		"""What bash offers for the last word."""
		script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _livechat_slactl "$1"; printf "%s\\n" "${COMPREPLY[@]}"'
		return output("bash", "-c", script, "bash", SRCDIR / "conf/bash-completion/livechat-slactl", SLACTL, *words).split()

	def test_bash_completes_every_command_and_option(self):
		commands = [command.split() for command in re.findall(r"^  ([a-z]+(?: [a-z]+)?)", output(SLACTL, "--help"), re.MULTILINE)]
		self.assertEqual(self.complete(""), sorted({words[0] for words in commands}))
		for words in commands:
			with self.subTest(" ".join(words)):
				self.assertIn(words[-1], self.complete(*words[:-1], words[-1][:2]))
				options = re.findall(r"^  .{3,4}(--[a-z-]+)", output(SLACTL, *words, "--help"), re.MULTILINE)
				self.assertIn("--help", options)
				self.assertEqual(self.complete(*words, "--"), sorted(set(options)))
