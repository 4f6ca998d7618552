# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The Debian package builds with what it says it needs, and Debian's checkers find nothing."""
import os
import pathlib
import re
import shutil
import tempfile
import unittest

from machine import Machine, run, unpack_base
from process import BUILDDIR, SRCDIR

RESULT = BUILDDIR / "tests/package/result"
HOME = "home/builder"
SCRIPTS = ("debian/dbconfig/install/mysql", "debian/tests/contract", "debian/tests/installed", "debian/write-database-file")


def version():
	return re.match(r"\S+ \((\S+)\)", (SRCDIR / "debian/changelog").read_text())[1]


def make_source(directory):
	"""The tree of the source package, and beside it the archive that it is based on."""
	upstream = version().rpartition("-")[0]
	run("make", "-C", BUILDDIR, "dist")
	archive = directory / f"livechat-sla_{upstream}.orig.tar.gz"
	shutil.move(BUILDDIR / f"livechat-sla-{upstream}.tar.gz", archive)
	run("tar", "-C", directory, "-xf", archive)
	source = directory / f"livechat-sla-{upstream}"
	products = shutil.ignore_patterns(".debhelper", "*.debhelper*", "*.substvars", "autoreconf.*", "debhelper-build-stamp", "files", "livechat-sla")
	shutil.copytree(SRCDIR / "debian", source / "debian", ignore=products)
	return source


class Build(unittest.TestCase):
	"""In a system of its own; what comes out is kept for the other tests."""

	@classmethod
	def setUpClass(cls):
		shutil.rmtree(RESULT, ignore_errors=True)
		cls.work = pathlib.Path(tempfile.mkdtemp(prefix="sla-", dir="/var/tmp"))
		cls.addClassCleanup(shutil.rmtree, cls.work)
		cls.root = cls.work / "builder"
		unpack_base(cls.root)
		with Machine(cls.root, network=True) as machine:
			machine.run("useradd", "--create-home", "builder")
			cls.source = make_source(cls.root / HOME)
			machine.apt("update")
			machine.apt("build-dep", f"/{HOME}/{cls.source.name}")
			machine.apt("install", "lintian")
			machine.run("chown", "-R", "builder:", f"/{HOME}")

	def as_builder(self, machine, command):
		return machine.run("sh", "-c", f"export HOME=/{HOME}; cd ~/{self.source.name} && {command}", user="builder")

	def test_package(self):
		with Machine(self.root) as machine:
			with self.subTest("builds without network, as an ordinary user"):
				log = self.as_builder(machine, f"DEB_BUILD_OPTIONS='{os.environ.get('DEB_BUILD_OPTIONS', '')}' dpkg-buildpackage -us -uc")
				self.assertNotIn("warning:", log)
			with self.subTest("shellcheck is silent"):
				self.assertEqual(self.as_builder(machine, f"shellcheck {' '.join(SCRIPTS)}"), "")
			with self.subTest("lintian is silent"):
				self.assertEqual(self.as_builder(machine, "lintian --display-info --pedantic ../*.changes"), "")
			with self.subTest("cleans up after itself"):
				self.as_builder(machine, "debian/rules clean")
				self.assertEqual(self.as_builder(machine, "dpkg-source --build . 2>&1 | grep -i 'ignoring\\|modified\\|error' || :"), "")
		RESULT.mkdir(parents=True)
		for file in (self.root / HOME).glob("livechat-sla*.*"):
			if file.is_file():
				shutil.copy(file, RESULT)
