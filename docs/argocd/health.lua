-- The health of a ProcessingJob (sagemaker.aws.amazon.com) in Argo CD. Deletion is Argo CD's own business.
-- A finished job is Healthy; one that failed, and one that waits for a person, Degraded.

local function condition(kind)
  for _, each in ipairs(obj.status.conditions or {}) do
    if each.type == kind then
      return each
    end
  end
end

local function holds(kind)
  local found = condition(kind)
  return found ~= nil and found.status == "True"
end

local health = { status = "Progressing", message = "The operator has not looked at the resource yet" }

if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local ready = condition("Ready")
if ready == nil then
  return health
end
health.message = ready.reason .. ": " .. ready.message

if holds("Complete") then
  health.status = "Healthy"
elseif holds("Stalled") then
  health.status = "Degraded"
elseif holds("Paused") or holds("Suspended") then
  health.status = "Suspended"
elseif ready.status == "False" then
  health.status = "Degraded"
end

return health
