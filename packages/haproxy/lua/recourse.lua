-- Adds `recourse point` and `recourse where` to HAProxy's runtime socket: a compare-and-set of an environment's route.
-- HAProxy runs one piece of this Lua state at a time, on whatever thread, and none of it yields before the answer: so
-- nobody can come between the comparison of the fences and the switch. Whoever asks may be frozen wherever he likes.
--
-- The map file is what HAProxy routes by and what it reads when it starts. A line is `<environment> <value>`, a value
-- `<key>|<ip>|<port>|<fence>|<route>`, with `-` for the first three if there is nothing to serve.

local file = os.getenv("RECOURSE_ROUTES")
local remember = os.getenv("RECOURSE_REMEMBER") == "yes"
local routes, values = nil, {}

core.register_init(function()
  routes = Map.new(file, Map._str)
  for line in io.lines(file) do
    local environment, value = line:match("^(%S+)%s+(%S+)%s*$")
    if environment then values[environment] = value end
  end
end)

-- The whole file, replaced at once: one that is there is always complete.
local function save(environment, value)
  local new = file .. ".new"
  local out, problem = io.open(new, "w")
  if not out then return problem end
  for name, kept in pairs(values) do
    if name ~= environment then out:write(name, " ", kept, "\n") end
  end
  local written, why = out:write(environment, " ", value, "\n")
  local closed, later = out:close()
  if not (written and closed) then return why or later end
  local moved, wherefore = os.rename(new, file)
  if not moved then return wherefore end
end

local function point(environment, fence, target, route)
  if not (environment and fence and target and route) then return "error incomplete" end
  if not environment:match("^[a-z0-9][a-z0-9._-]*$") or not fence:match("^[1-9]%d*$") or #fence > 16
    or not (target == "-|-|-" or target:match("^%x+|[%x.:]+|%d+$")) or not route:match("^[%w_-]+$") then
    return "error malformed"
  end
  local inForce = routes:lookup(environment)
  if inForce then
    local held, holder = inForce:match("|(%d+)|([^|]+)$")
    if math.tointeger(fence) < math.tointeger(held) then return "stale " .. held end
    if math.tointeger(fence) == math.tointeger(held) then
      return route == holder and "ok" or "stale " .. held
    end
  end
  local value = target .. "|" .. fence .. "|" .. route
  -- Saved before it is in force: a switch that a restart would forget is not made.
  local problem = remember and save(environment, value)
  if problem then return "error " .. problem end
  values[environment] = value
  core.set_map(file, environment, value)
  return "ok"
end

core.register_cli({ "recourse", "point" }, "recourse point <environment> <fence> <key|ip|port> <route>",
  function(applet, _, _, environment, fence, target, route)
    applet:send(point(environment, fence, target, route) .. "\n")
  end)

core.register_cli({ "recourse", "where" }, "recourse where <environment>",
  function(applet, _, _, environment)
    local inForce = environment and routes:lookup(environment)
    applet:send((inForce and "route " .. inForce:match("|(%d+|[^|]+)$") or "none") .. "\n")
  end)
