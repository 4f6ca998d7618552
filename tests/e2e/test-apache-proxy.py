# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The contract through Apache's mod_proxy_fcgi, by the snippet that is shipped."""
import contract
import fronts

load_tests = contract.over(fronts.ApacheProxy)
