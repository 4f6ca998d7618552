-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (c) 2026 The livechat-sla authors
--
-- One kind of request for wrk: KIND, PREFIX, POLICY and ROUND come by the environment, the credentials from a file, so that they stand in no
-- argument list. Answers with another status than the kind's own are counted.
local kind, prefix, policy = os.getenv("KIND"), os.getenv("PREFIX"), os.getenv("POLICY")
local user, token = io.open(os.getenv("CREDENTIALS")):read("*l", "*l")
local headers = { ["X-User-Id"] = user, ["X-Auth-Token"] = token, ["Content-Type"] = "application/json" }
local path = prefix .. "livechat/sla"
local statuses = { create = 200, list = 200, read = 200, ["refused-body"] = 400, ["refused-token"] = 401 }
local expected, number, threads = statuses[kind], 0, {}
others = 0

-- Due times that no other thread has, nor the load before, whose rows may still be on their way out.
function setup(thread)
	table.insert(threads, thread)
	thread:set("first", (tonumber(os.getenv("ROUND")) % 16 * 8 + #threads) * 5000000)
end

local makers = {
	create = function()
		number = number + 1
		local due = first + number
		return wrk.format("POST", path, headers, '{"name":"policy ' .. due .. '","description":"a description","dueTimeInMinutes":' .. due .. '}')
	end,
	list = function() return wrk.format("GET", path .. "?count=25", headers) end,
	read = function() return wrk.format("GET", path .. "/" .. policy, headers) end,
	["refused-body"] = function() return wrk.format("POST", path, headers, '{"name":"n","description":"d","dueTimeInMinutes":0}') end,
	["refused-token"] = function()
		headers["X-Auth-Token"] = "A" .. token:sub(2)
		return wrk.format("GET", path .. "/" .. policy, headers)
	end,
}

request = makers[kind]

function response(status)
	if status ~= expected then others = others + 1 end
end

function done(summary, latency)
	local wrong = 0
	for _, thread in ipairs(threads) do wrong = wrong + thread:get("others") end
	io.write(string.format("RESULT %.1f %.3f %.3f %d %d\n", summary.requests * 1e6 / summary.duration, latency:percentile(50) / 1000,
	                       latency:percentile(99) / 1000, wrong, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
