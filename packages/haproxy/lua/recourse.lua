-- Adds `recourse point` and `recourse where` to HAProxy's runtime socket: a compare-and-set of an environment's route.
-- HAProxy runs one piece of this Lua state at a time, on whatever thread, so nobody can come between the comparison of
-- the fences and the switch. Whoever asks may be frozen wherever he likes.
--
-- That holds only while a command is short: after 10,000 instructions (tune.lua.forced-yield) HAProxy lets another one
-- in. So no loop over the environments in here; what takes long is left to single calls into C.
--
-- The map file is what HAProxy routes by and what it reads when it starts. A line is `<environment> <value>`, a value
-- `<key>|<ip>|<port>|<fence>|<route>`, with `-` for the first three if there is nothing to serve.

local file = os.getenv("RECOURSE_ROUTES")
local remember = os.getenv("RECOURSE_REMEMBER") == "yes"
local routes, lines, lineOf = nil, {}, {}

core.register_init(function()
  routes = Map.new(file, Map._str)
  for line in io.lines(file) do
    local environment = line:match("^(%S+)%s+%S+%s*$")
    if environment then
      lines[#lines + 1] = line
      lineOf[environment] = #lines
    end
  end
end)

-- Replaces the file by `text`, at once: one that is there is always complete. What went wrong, if anything did.
local function write(text)
  local new = file .. ".new"
  local out, unopened = io.open(new, "w")
  if not out then return unopened end
  local written, unwritten = out:write(text)
  local closed, unclosed = out:close()
  if not (written and closed) then return unwritten or unclosed end
  local moved, unmoved = os.rename(new, file)
  if not moved then return unmoved end
end

local function save(environment, value)
  local at = lineOf[environment] or #lines + 1
  local before = lines[at]
  lines[at] = environment .. " " .. value
  local problem = write(table.concat(lines, "\n") .. "\n")
  if problem then lines[at] = before else lineOf[environment] = at end
  return problem
end

-- The fence and the route in force, or nothing. Somebody who writes to the map by hand goes around the fence.
local function held(environment)
  local value = routes:lookup(environment)
  if not value then return nil end
  local fence, route = value:match("^[^|]+|[^|]+|[^|]+|(%d+)|([^|]+)$")
  return fence or "?", route
end

local byHand = "error the map entry was changed by hand"

local function point(environment, fence, target, route)
  if not (environment and fence and target and route) then return "error incomplete" end
  if not environment:match("^[a-z0-9][a-z0-9._-]*$") or not fence:match("^[1-9]%d*$") or #fence > 16
    or not (target == "-|-|-" or target:match("^%x+|[%x.:]+|%d+$")) or not route:match("^[%w_-]+$") then
    return "error malformed"
  end
  local last, holder = held(environment)
  if last == "?" then return byHand end
  if last then
    local lower, same = tonumber(fence) < tonumber(last), tonumber(fence) == tonumber(last)
    if same and route == holder then return "ok" end
    if lower or same then return "stale " .. last end
  end
  local value = target .. "|" .. fence .. "|" .. route
  -- Saved before it is in force: a switch that a restart would forget is not made.
  local problem = remember and save(environment, value)
  if problem then return "error " .. problem end
  core.set_map(file, environment, value)
  return "ok"
end

core.register_cli({ "recourse", "point" }, "recourse point <environment> <fence> <key|ip|port> <route>",
  function(applet, _, _, environment, fence, target, route)
    applet:send(point(environment, fence, target, route) .. "\n")
  end)

core.register_cli({ "recourse", "where" }, "recourse where <environment>",
  function(applet, _, _, environment)
    local fence, route
    if environment then fence, route = held(environment) end
    applet:send((not fence and "none" or fence == "?" and byHand or "route " .. fence .. "|" .. route) .. "\n")
  end)
