#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Measures livechat-sla beside its limits and beside what a site would write instead, interleaved in one run.

  limit     the same JSON answer, fixed, by a pre-forked libfcgi program behind the same lighttpd
  database  the same statements by as many processes, without a web server
  composed  1 / (1 / limit + 1 / database): a program that costs nothing itself, if nothing costs more for running beside the rest
  sla       livechat-sla
  php       the same endpoints in PHP: php-fpm, static pool of the same size, persistent mysqli, prepared statements, opcache

Rates are requests a second, the median of the rounds; cpu is a worker's time for one request; PSS is a worker's memory; noise is the
widest distance of a round from the median. bench.py [--seconds S] [--rounds R] [--workers N] [--clients C] [--csv FILE] prints
Markdown. bench.py --growth [--csv FILE] [--plot FILE] measures how rates and a request's cost change with the number of workers,
clients, policies, users and tokens."""
import argparse
import csv
import datetime
import os
import pathlib
import platform
import re
import subprocess
import sys

from growth import AXES, grow
from loads import KINDS, PHP, Bench, Samples, check, cpu_seconds, pss

RATES = ("limit", "database", "composed", "sla", "php")
COLUMNS = (*RATES, "of composed", "x php", "p50 ms", "p99 ms", "cpu us", "PSS KiB", "noise %")
# Of PHP's rate and of the composed limit.
RATIOS = {"create": (2.2, 0.85), "list": (2.3, 0.85), "read": (2.5, 0.85), "refused-body": (5, None)}
PSS_MOST, PSS_GROWTH_MOST, START_MOST = 3072, 64, 0.1  # KiB, KiB, s


def measure(bench, kind, samples, options):
	"""One round of one kind: every column once."""
	limit = bench.drive(f"limit-{kind}", kind, options.seconds, options.clients)
	database = bench.drive_database(kind, options.seconds)
	bench.clean()
	workers = bench.pool.workers()
	before = cpu_seconds(workers)
	load = bench.drive("api", kind, options.seconds, options.clients)
	check(kind, "sla", load)
	cpu = (cpu_seconds(workers) - before) * 1e6 / (load.rate * options.seconds)
	samples.add(limit=limit.rate, database=database.rate, composed=1 / (1 / limit.rate + 1 / database.rate), sla=load.rate, p50=load.p50,
	            p99=load.p99, database_p99=database.p99, cpu=cpu, pss=pss(workers))
	bench.clean()
	if PHP:
		load = bench.drive_php(kind, options.seconds, options.clients)
		check(kind, "php", load)
		samples.add(php=load.rate)
		bench.clean()


def ratio(samples, name):
	return samples.median("sla") / samples.median(name)


def row(kind, samples):
	return {"kind": kind, **{name: f"{samples.median(name):.0f}" for name in RATES}, "of composed": f"{ratio(samples, 'composed'):.2f}",
	        "x php": f"{ratio(samples, 'php'):.2f}", "p50 ms": f"{samples.median('p50'):.2f}", "p99 ms": f"{samples.median('p99'):.2f}",
	        "cpu us": f"{samples.median('cpu'):.0f}", "PSS KiB": f"{samples.median('pss'):.0f}", "noise %": f"{samples.noise('sla'):.0f}"}


def print_table(rows):
	print("| " + " | ".join(rows[0]) + " |")
	print("| " + " | ".join("---" for _ in rows[0]) + " |")
	for values in rows:
		print("| " + " | ".join(values.values()) + " |")
	print()


def write_csv(file, rows):
	with open(file, "w", newline="") as stream:
		writer = csv.DictWriter(stream, rows[0].keys())
		writer.writeheader()
		writer.writerows(rows)


def target(what, measured, bound, form, at_least=True):
	met = measured >= bound if at_least else measured <= bound
	sign = ">=" if at_least else "<="
	return {"target": what, "bound": f"{sign} {bound:{form}}", "measured": f"{measured:{form}}", "met": "yes" if met else "no"}


def targets(samples):
	rows = []
	for kind, of_kind in samples.items():
		php, composed = RATIOS.get(kind, (None, None))
		if php and PHP:
			rows.append(target(f"{kind}, of PHP's rate", ratio(of_kind, "php"), php, ".2f"))
		if composed:
			rows.append(target(f"{kind}, of the composed limit", ratio(of_kind, "composed"), composed, ".2f"))
		bound = 1.5 * of_kind.median("p50") + of_kind.median("database_p99")
		rows.append(target(f"{kind}, p99 ms: 1.5 p50 + the database's p99", of_kind.median("p99"), bound, ".2f", False))
	return rows


def soak(bench, options):
	"""Memory of a worker when each has warmed up, and after that many requests in all."""
	first, left = None, options.soak
	while left > 0:
		for kind in ("list", "read"):
			load = bench.drive("api", kind, options.seconds, options.clients)
			check(kind, "sla", load)
			left -= load.rate * options.seconds
		first = first or pss(bench.pool.workers())
	last = pss(bench.pool.workers())
	return [target(f"PSS KiB a worker after {options.soak} requests", last, PSS_MOST, ".0f", False),
	        target("its growth", last - first, PSS_GROWTH_MOST, ".0f", False)]


def machine():
	model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
	return f"{os.cpu_count()} virtual cores of {model[1] if model else platform.machine()}, Linux {platform.release().split('-')[0]}"


def versions(bench):
	lighttpd = re.search(r"lighttpd/[\d.]+", subprocess.run(["lighttpd", "-v"], capture_output=True, text=True).stdout)[0]
	database = bench.database.sql("SELECT VERSION()")[0][0].split("-")[0]
	return f"{lighttpd.replace('/', ' ')}, MariaDB {database}, {f'PHP {bench.php_version}' if PHP else 'no PHP'}"


def compare(options):
	samples = {kind: Samples() for kind in options.kinds}
	with Bench(options.workers) as bench:
		for number in range(options.rounds):
			for kind in options.kinds:
				print(f"round {number + 1} of {options.rounds}: {kind}", file=sys.stderr)
				measure(bench, kind, samples[kind], options)
		of_pool = soak(bench, options) if options.soak else []
		of_pool.append(target("start to first answer, s", bench.start_seconds(), START_MOST, ".3f", False))
		software = versions(bench)
	rows = [row(kind, samples[kind]) for kind in options.kinds]
	print(f"{datetime.date.today()}, {machine()}; {software}; {options.workers} workers, {options.clients} clients, "
	      f"{options.rounds} rounds of {options.seconds} s:\n")
	print_table(rows)
	print_table(targets(samples) + of_pool)
	if options.csv:
		write_csv(options.csv, rows)


def parse():
	parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
	parser.add_argument("--seconds", type=int, default=5)
	parser.add_argument("--rounds", type=int, default=5)
	parser.add_argument("--workers", type=int, default=8)
	parser.add_argument("--clients", type=int, default=16)
	parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
	parser.add_argument("--soak", type=int, default=100000, metavar="REQUESTS", help="after which memory is looked at; 0: none")
	parser.add_argument("--csv", metavar="FILE")
	parser.add_argument("--growth", action="store_true")
	parser.add_argument("--axes", nargs="+", choices=AXES, default=AXES, help="of --growth")
	parser.add_argument("--plot", metavar="FILE", help="of --growth, as SVG by gnuplot")
	return parser.parse_args()


if __name__ == "__main__":
	options = parse()
	if options.growth:
		rows = grow(options)
		print_table(rows)
		if options.csv:
			write_csv(options.csv, rows)
	else:
		compare(options)
