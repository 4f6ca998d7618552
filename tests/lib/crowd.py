# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Threads that do the same thing again and again while a test does another."""
import contextlib
import threading


class Crowd:
	"""Threads that call a function with their number and a turn again and again until the end of the block; what the network says to
	that does not count."""

	def __init__(self, function, threads=4):
		self.function = function
		self.over = threading.Event()
		self.turns = 0
		self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(threads)]

	def run(self, number):
		turn = 0
		while not self.over.is_set():
			with contextlib.suppress(OSError):
				self.function(number, turn)
			turn += 1
			self.turns += 1

	def __enter__(self):
		for thread in self.threads:
			thread.start()
		return self

	def __exit__(self, *_):
		self.over.set()
		for thread in self.threads:
			thread.join()
