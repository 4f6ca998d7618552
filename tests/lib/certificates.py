# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Certificates of an authority of our own, made by openssl."""
import shutil
import subprocess

from process import USER

ABSENT = None if shutil.which("openssl") else "openssl is not installed"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
SERVER_NAMES = "DNS:localhost,IP:127.0.0.1"


def openssl(*words):
	subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
	"""NAME.pem and NAME.key in the directory, and what it issues beside them."""

	def __init__(self, directory, name="authority"):
		self.directory = directory
		self.name = name
		self.certificate, self.key = self.files(name)
		openssl("req", "-x509", *KEY, "-keyout", self.key, "-out", self.certificate, "-subj", f"/CN={name}", "-days", 2)

	def files(self, name):
		return self.directory / f"{name}.pem", self.directory / f"{name}.key"

	def issue(self, name, subject="/CN=database", names=SERVER_NAMES, days=2):
		"""A certificate and its key, readable by the programs; one of no days has expired a second later."""
		certificate, key = self.files(name)
		request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
		extensions.write_text(f"subjectAltName={names}\n")
		openssl("req", *KEY, "-keyout", key, "-out", request, "-subj", subject)
		openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-extfile", extensions,
		        "-days", days, "-out", certificate)
		if USER:
			shutil.chown(key, USER)
		return certificate, key
