# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The contract through Apache's mod_fcgid, which starts the service, by the snippet that is shipped."""
import contract
import fronts

load_tests = contract.over(fronts.ApacheFcgid)
