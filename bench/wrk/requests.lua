-- Rotates over the paths of a file. With a body file it POSTs; with a seed, each with an Idempotency-Key of its own.
-- Arguments: paths file, authorization header, body file ("-" for GET), seed of the keys ("-" for none).

local made, seed, number, body, paths = {}, "", 0, nil, {}

local function read(name)
  local file = assert(io.open(name))
  local text = file:read("*a")
  file:close()
  return text
end

function init(arguments)
  for line in read(arguments[1]):gmatch("[^\n]+") do
    paths[#paths + 1] = line
  end
  wrk.headers["Authorization"] = arguments[2]
  seed = arguments[4]
  if arguments[3] ~= "-" then
    body = read(arguments[3])
    wrk.headers["Content-Type"] = "application/json"
  else
    for index, path in ipairs(paths) do
      made[index] = wrk.format("GET", path)
    end
  end
  if body ~= nil and seed == "-" then
    made[1] = wrk.format("POST", paths[1], nil, body)
  end
end

function request()
  number = number + 1
  if #made > 0 then
    return made[number % #made + 1]
  end
  wrk.headers["Idempotency-Key"] = seed .. "-" .. number
  return wrk.format("POST", paths[1], nil, body)
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p99_microseconds": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
