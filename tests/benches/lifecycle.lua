-- One client's life per connection: register, read, update, delete, each with the token that the answer before carried
-- (rotation on). Run with as many threads as connections; PATH and BODY are set before.
local threads = {}
function setup(thread) table.insert(threads, thread) end
local step, id, token = 0, nil, nil
function request()
  local headers = {["Content-Type"] = "application/json"}
  if step == 0 then return wrk.format("POST", PATH, headers, BODY) end
  headers["Authorization"] = "Bearer " .. token
  if step == 1 then return wrk.format("GET", PATH .. "/" .. id, headers) end
  if step == 2 then
    return wrk.format("PUT", PATH .. "/" .. id, headers, (string.gsub(BODY, "^{", '{"client_id":"' .. id .. '",')))
  end
  return wrk.format("DELETE", PATH .. "/" .. id, headers)
end
function response(status, headers, body)
  if status >= 300 then
    wrk.thread:set("bad", (wrk.thread:get("bad") or 0) + 1)
    step = 0
    return
  end
  if step < 3 then
    id = string.match(body, '"client_id"%s*:%s*"([^"]+)"')
    token = string.match(body, '"registration_access_token"%s*:%s*"([^"]+)"')
  end
  step = (step + 1) % 4
end
function done()
  local total = 0
  for _, thread in ipairs(threads) do total = total + (thread:get("bad") or 0) end
  io.write("BAD " .. total .. "\n")
end
