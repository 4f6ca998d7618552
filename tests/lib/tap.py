#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Runs one file of unittest cases and tells the result as TAP: tap.py tests/e2e/test-NAME.py [CASE.TEST ...]

One line a test; a test made of sub-tests has a line for each of them instead. What failed and the logs of the programs under test
follow as comments."""
import importlib.util
import os
import pathlib
import signal
import sys
import unittest

TEST_SECONDS = int(os.environ.get("SLA_TEST_SECONDS", "600"))

# Functions that return text worth seeing beside a failure.
diagnostics = []
# How many lines were "not ok".
failures = 0


class TapResult(unittest.TestResult):
	"""Prints a line for each result as it comes."""

	def __init__(self, stream):
		super().__init__()
		self.stream = stream
		self.count = 0
		self.with_subtests = set()

	def startTest(self, test):
		super().startTest(test)
		signal.alarm(TEST_SECONDS)

	def stopTest(self, test):
		signal.alarm(0)
		super().stopTest(test)

	def line(self, ok, test, directive=""):
		self.count += 1
		name = test.id().split(".", 1)[-1].encode("ascii", "backslashreplace").decode().replace("\n", " ").replace("#", "\\#")
		self.stream.write(f"{'ok' if ok else 'not ok'} {self.count} - {name}{directive}\n")
		self.stream.flush()

	def comment(self, text):
		for line in text.encode("ascii", "backslashreplace").decode().splitlines():
			self.stream.write(f"# {line}\n")
		self.stream.flush()

	def failed(self, test, text):
		global failures
		failures += 1
		self.line(False, test)
		self.comment(text)
		for diagnostic in diagnostics:
			self.comment(diagnostic())

	def addSuccess(self, test):
		if test.id() not in self.with_subtests:
			self.line(True, test)

	def addError(self, test, error):
		super().addError(test, error)
		self.failed(test, self.errors[-1][1])

	def addFailure(self, test, error):
		super().addFailure(test, error)
		self.failed(test, self.failures[-1][1])

	def addSubTest(self, test, subtest, error):
		self.with_subtests.add(test.id())
		if error is None:
			self.line(True, subtest)
		elif issubclass(error[0], test.failureException):
			self.addFailure(subtest, error)
		else:
			self.addError(subtest, error)

	def addSkip(self, test, reason):
		self.line(True, test, f" # SKIP {reason}")

	def addExpectedFailure(self, test, error):
		self.line(False, test, " # TODO")

	def addUnexpectedSuccess(self, test):
		self.line(True, test, " # TODO")


def load_module(path):
	spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
	module = importlib.util.module_from_spec(spec)
	sys.modules[spec.name] = module
	spec.loader.exec_module(module)
	return module


def load(path, names):
	module, loader = load_module(path), unittest.defaultTestLoader
	return loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)


def too_long(number, frame):
	raise TimeoutError(f"the test took longer than {TEST_SECONDS} seconds")


def main(arguments):
	# Interrupted, the program still ends what it started.
	signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
	signal.signal(signal.SIGALRM, too_long)
	result = TapResult(sys.stdout)
	try:
		load(pathlib.Path(arguments[0]), arguments[1:]).run(result)
	except unittest.SkipTest as reason:
		result.stream.write(f"1..0 # SKIP {reason}\n")
		return 0
	result.stream.write(f"1..{result.count}\n")
	return 1 if failures or result.count == 0 else 0


if __name__ == "__main__":
	# The tests import this module by its name: run that one, lest there be two.
	import tap
	sys.exit(tap.main(sys.argv[1:]))
