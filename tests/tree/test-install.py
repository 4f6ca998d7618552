# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What `make install` puts where, that `make uninstall` takes it all away, and that the units are confined."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from process import BUILDDIR, SRCDIR

EXPOSURE_MOST = 1.5  # as systemd-analyze rates it: 0 is best, 10 worst

# By directory of the Makefile.
INSTALLED = {
	"sbindir": {"livechat-sla", "livechat-slactl"},
	"apache2dir": {"livechat-sla.conf", "livechat-sla-fcgid.conf"},
	"lighttpddir": {"50-livechat-sla.conf", "50-livechat-sla-spawn.conf"},
	"nginxdir": {"livechat-sla.conf"},
	"exampledir": {"livechat-sla.conf"},
	"man5dir": {"livechat-sla.conf.5"},
	"man8dir": {"livechat-sla.8", "livechat-slactl.8"},
	"systemdsystemunitdir": {"livechat-sla.service", "livechat-sla.socket"},
	"sysusersdir": {"livechat-sla.conf"},
	"tmpfilesdir": {"livechat-sla.conf"},
	"sqldir": {path.name for path in (SRCDIR / "sql").glob("*.sql")},
}
# Made for several packages: empty, they may stay.
SHARED = re.compile(r"(sbin|lib|lib/systemd|lib/systemd/system|lib/(sysusers|tmpfiles)\.d|share|share/(doc|man|man/man\d|bash-completion.*))$")


def make(*arguments):
	"""Without what the make above us has set."""
	environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
	result = subprocess.run(["make", "-s", "-C", BUILDDIR, *arguments], env=environment, capture_output=True, text=True)
	if result.returncode != 0:
		raise RuntimeError(result.stderr)
	return result.stdout


def variables():
	"""The Makefile's variables that are plain or made of others."""
	found = dict(re.findall(r"^(\w+) = (.*)$", (BUILDDIR / "Makefile").read_text(), re.MULTILINE))

	def value(name):
		return re.sub(r"\$[({](\w+)[)}]", lambda match: value(match[1]), found[name])

	return value


class Install(unittest.TestCase):
	@classmethod
	def setUpClass(cls):
		cls.directory = tempfile.TemporaryDirectory(prefix="sla-")
		cls.addClassCleanup(cls.directory.cleanup)
		cls.root = pathlib.Path(cls.directory.name)
		cls.value = staticmethod(variables())
		make("install", f"DESTDIR={cls.root}")

	def path(self, variable):
		return self.root / self.value(variable).lstrip("/")

	def files(self):
		return [path for path in self.root.rglob("*") if not path.is_dir()]

	def test_1_everything_is_there(self):
		for variable, names in INSTALLED.items():
			with self.subTest(variable):
				if variable.startswith(("sys", "tmp")) and self.value("systemdsystemunitdir") == "no":
					self.skipTest("configured without systemd")
				self.assertEqual({path.name for path in self.path(variable).iterdir() if path.is_file()}, names)

	def test_2_nothing_is_left_to_substitute(self):
		for path in self.files():
			if path.parent != self.path("sbindir"):
				self.assertNotRegex(path.read_text(), "@[a-z]+@", path)

	def test_3_files_name_the_directories_of_configure(self):
		for path, variable in ((self.path("apache2dir") / "livechat-sla.conf", "runstatedir"), (self.path("apache2dir") / "livechat-sla-fcgid.conf", "sbindir"),
		                       (self.path("lighttpddir") / "50-livechat-sla.conf", "runstatedir"), (self.path("nginxdir") / "livechat-sla.conf", "runstatedir")):
			self.assertIn(self.value(variable), path.read_text(), path)

	def test_4_readme_names_what_is_there(self):
		named = set(re.findall(r"/usr/local/share/(livechat-sla/\w+/[\w.-]+|doc/\S+)", (SRCDIR / "README.md").read_text()))
		self.assertGreaterEqual(len(named), 6)
		for name in named:
			with self.subTest(name):
				self.assertTrue((self.path("datarootdir") / name).is_file())

	@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
	def test_5_service_is_confined(self):
		unit = BUILDDIR / "conf/systemd/livechat-sla.service"
		result = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True)
		exposure = re.search(r"Overall exposure level for livechat-sla.service: ([0-9.]+)", result.stdout)
		self.assertIsNotNone(exposure, result)
		self.assertLessEqual(float(exposure[1]), EXPOSURE_MOST)

	def test_6_uninstall_leaves_nothing(self):
		make("uninstall", f"DESTDIR={self.root}")
		self.assertEqual(self.files(), [])
		prefix = self.path("prefix")
		left = [str(path.relative_to(prefix)) for path in prefix.rglob("*")]
		self.assertEqual([name for name in left if not SHARED.match(name)], [])
