-- The type of the sub-agent that a call started, as the call or its result names it. Evidence, written by src/slowpath's workers;
-- the finaliser gives it to the sub-agent, whose own lines do not always tell.
ALTER TABLE tool_calls ADD COLUMN spawned_agent_type TEXT;  -- a built-in name, else custom
