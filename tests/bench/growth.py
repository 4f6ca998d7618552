# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""How rates and the cost of a request change with what grows: workers, clients, policies, users and their tokens."""
import subprocess
import sys

from loads import Bench, Samples, check, cpu_seconds

AXES = {"workers": (1, 2, 4, 8, 16, 32), "clients": (1, 2, 4, 8, 16, 32, 64, 128, 256), "policies": (10, 100, 1000, 10000, 100000),
        "users": (10, 100, 1000, 10000, 100000)}
KINDS = ("create", "list", "read")


def set_workers(bench, number, options):
	del options
	bench.pool.stop()
	bench.pool.set(workers=number)
	bench.pool.start()
	bench.workers = number


def set_clients(bench, number, options):
	del bench
	options.clients = number


def set_policies(bench, number, options):
	del options
	bench.fill(number)


def set_users(bench, number, options):
	"""Each with a role and a token."""
	del options
	bench.database.sql(f"""DELETE FROM users WHERE username LIKE 'user %';
		INSERT INTO users (id, username, created_at, updated_at)
			SELECT LPAD(seq, 17, '0'), CONCAT('user ', seq), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM seq_1_to_{number};
		INSERT INTO user_roles SELECT LPAD(seq, 17, '0'), 'livechat-agent' FROM seq_1_to_{number};
		INSERT INTO tokens (digest, user_id, last_part, created_at)
			SELECT LPAD(seq, 44, '0'), LPAD(seq, 17, '0'), '000000', UTC_TIMESTAMP(3) FROM seq_1_to_{number};
		ANALYZE TABLE users, user_roles, tokens""")


SETTERS = {"workers": set_workers, "clients": set_clients, "policies": set_policies, "users": set_users}


def measure(bench, axis, value, kind, options):
	workers = bench.pool.workers()
	before = cpu_seconds(workers)
	load = bench.drive("api", kind, options.seconds, options.clients)
	check(kind, f"{axis} = {value}", load)
	cpu = (cpu_seconds(workers) - before) * 1e6 / (load.rate * options.seconds)
	bench.clean()
	return {"rate": load.rate, "p50": load.p50, "p99": load.p99, "cpu": cpu}


def row(axis, value, kind, samples):
	middle = {column: samples.median(column) for column in ("rate", "p50", "p99", "cpu")}
	return {"axis": axis, "value": str(value), "kind": kind, "rate": f"{middle['rate']:.0f}", "p50 ms": f"{middle['p50']:.2f}",
	        "p99 ms": f"{middle['p99']:.2f}", "cpu us": f"{middle['cpu']:.0f}", "noise %": f"{samples.noise('rate'):.0f}"}


def walk(axis, options):
	"""Goes along an axis once a round; the rest stays as it is at the start."""
	samples = {(value, kind): Samples() for value in AXES[axis] for kind in KINDS}
	with Bench(options.workers) as bench:
		for number in range(options.rounds):
			for value in AXES[axis]:
				print(f"round {number + 1} of {options.rounds}: {axis} = {value}", file=sys.stderr)
				SETTERS[axis](bench, value, options)
				for kind in KINDS:
					samples[value, kind].add(**measure(bench, axis, value, kind, options))
	return [row(axis, value, kind, samples[value, kind]) for value, kind in samples]


def grow(options):
	"""A row for each kind at each point of each axis."""
	rows, clients = [], options.clients
	for axis in options.axes:
		rows += walk(axis, options)
		options.clients = clients
	if options.plot:
		plot(rows, options.plot)
	return rows


def plot(rows, file):
	"""One panel an axis, both scales logarithmic: a cost that grows with an axis slopes."""
	lines = ["set terminal svg size 1000,800 font 'sans,12' background rgb 'white'", f"set output '{file}'",
	         "set multiplot layout 2,2", "set logscale xy", "set xtics 10",
	         "set yrange [10:100000]", "set grid", "set ylabel 'requests a second'", "set key bottom left"]
	axes = list(dict.fromkeys(point["axis"] for point in rows))
	for kind in KINDS:
		for axis in axes:
			points = "\n".join(f"{point['value']} {point['rate']}" for point in rows
			                   if point["axis"] == axis and point["kind"] == kind)
			lines.append(f"${axis}_{kind} << END\n{points}\nEND")
	for axis in axes:
		curves = ", ".join(f"${axis}_{kind} using 1:2 with linespoints linewidth 2 title '{kind}'" for kind in KINDS)
		lines += [f"set xlabel '{'users, each with a token' if axis == 'users' else axis}'", f"plot {curves}"]
	subprocess.run(["gnuplot"], input="\n".join(lines) + "\n", check=True, text=True)
