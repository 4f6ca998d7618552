# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Web servers that are reloaded under load: no request is lost."""
import unittest

import fronts
from ledger import Ledger
from stack import Stack, wait_until

RELOADS = 3


class Reloads(unittest.TestCase):
	def check_reloads(self, front):
		with Stack(front) as stack:
			with Ledger(stack, least=100) as ledger:
				for number in range(1, RELOADS + 1):
					wait_until(lambda: len(ledger.acknowledged) >= 200 * number, "policies", 60)
					stack.web.reload()
				wait_until(lambda: len(ledger.acknowledged) >= 200 * (RELOADS + 1), "policies after the last reload", 60)
			ledger.check(self)
			self.assertEqual(set(ledger.statuses), {200, 400}, ledger.statuses)

	def test_apache_with_mod_proxy_fcgi(self):
		self.check_reloads(fronts.ApacheProxy)

	def test_lighttpd(self):
		self.check_reloads(fronts.Lighttpd)

	def test_lighttpd_that_starts_the_service(self):
		self.check_reloads(fronts.LighttpdSpawn)

	def test_nginx(self):
		self.check_reloads(fronts.Nginx)
