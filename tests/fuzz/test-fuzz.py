# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Every fuzz target for FUZZ_SECONDS, as many at once as there are processors, from its corpus in the tree on."""
import concurrent.futures
import os
import re
import subprocess
import unittest

from process import BUILDDIR, SRCDIR

SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
INPUT_SECONDS_MOST = 10
INPUT_BYTES_MOST = 70000  # more than a request may have
MEGABYTES_MOST = 1024
TARGETS = sorted(path.stem for path in (SRCDIR / "tests/fuzz/corpus").iterdir())


def fuzz(target):
	"""The program's verdict. What it finds is kept, so that the next run goes on from there."""
	work, findings = BUILDDIR / "tests/fuzz/work" / target, BUILDDIR / "tests/fuzz/findings"
	for directory in (work, findings):
		directory.mkdir(parents=True, exist_ok=True)
	dictionary = SRCDIR / "tests/fuzz/dictionaries" / target
	return subprocess.run([
		BUILDDIR / "tests/fuzz" / target, f"-max_total_time={SECONDS}", f"-timeout={INPUT_SECONDS_MOST}", f"-max_len={INPUT_BYTES_MOST}",
		f"-rss_limit_mb={MEGABYTES_MOST}", f"-dict={dictionary}", f"-artifact_prefix={findings}/{target}-", "-print_final_stats=1",
		work, SRCDIR / "tests/fuzz/corpus" / target,
	], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")


class Fuzz(unittest.TestCase):
	@classmethod
	def setUpClass(cls):
		executor = concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count())
		cls.addClassCleanup(executor.shutdown)
		cls.runs = {target: executor.submit(fuzz, target) for target in TARGETS}

	def test_targets(self):
		for target in TARGETS:
			with self.subTest(target):
				result = self.runs[target].result()
				self.assertEqual(result.returncode, 0, result.stdout[-10000:])
				executed = re.search(r"stat::number_of_executed_units: (\d+)", result.stdout)
				self.assertGreater(int(executed[1]), 1000, result.stdout[-10000:])
