# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The contract through nginx, by the snippet that is shipped."""
import contract
import fronts

load_tests = contract.over(fronts.Nginx)
